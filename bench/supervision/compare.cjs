// Measures muster as a supervisor beside pm2, supervisord and runit, in interleaved rounds with the same trivial server for all,
// and prints the medians with the bars they are held against.
// Usage: node compare.cjs --muster BUILD/app/muster --witness BUILD/bench/supervision/muster_bench_witness --pm2 .../.bin/pm2
//                         [--n 100] [--samples 12] [--rounds 7] [--peers muster,pm2,supervisord,runit] [--out FILE]
// Rounds that FILE has already count too; --rounds 0 only prints. It ends only what it started.
'use strict';
const fs = require('fs'), os = require('os'), path = require('path');
const { measure, median } = require('./measure.cjs');
const { peers } = require('./peers.cjs');

const options = { n: '100', samples: '12', rounds: '7', peers: Object.keys(peers).join(',') };
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];
for (const program of ['muster', 'witness', 'pm2']) if (options[program]) options[program] = path.resolve(options[program]);  // each runs in its own folder

const figures = ['startMs', 'startCpuS', 'managers', 'rssMib', 'rssWithoutMasterMib', 'pssMib', 'pssWithoutMasterMib', 'idlePercent', 'listMs', 'listCpuMs', 'oneMs', 'crashP50Ms', 'crashP95Ms', 'massMs', 'restarts', 'grownMib', 'restartMs', 'stopMs', 'leftAfterStop', 'leftAlive', 'newStarts', 'twice', 'samePid'];
// What muster's figure is held against, and how much of it it may be.
const bars = {
    startMs: [['better of pm2 and supervisord', (of) => Math.min(of('pm2'), of('supervisord')), 0.25], ['runit', (of) => of('runit'), 1]],
    rssMib: [['supervisord', (of) => of('supervisord'), 1]],
    rssWithoutMasterMib: [['all of supervisord', (of) => of('supervisord', 'rssMib'), 0.5]],
    listCpuMs: [['pm2', (of) => of('pm2'), 0.1]],
    crashP50Ms: [['runit', (of) => of('runit'), 1]],
    restartMs: [['runit', (of) => of('runit'), 1.5]],
    massMs: [['runit', (of) => of('runit'), 1]],
    stopMs: [['runit', (of) => of('runit'), 1]],
    newStarts: [['none', () => 0, 1]],
    twice: [['none', () => 0, 1]],
};
const text = (value) => !Number.isFinite(value) ? '' : value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));

function verdict([what, referenceOf, most], value, figure, of) {
    const reference = referenceOf(of);
    if (!Number.isFinite(reference) || !Number.isFinite(value)) return '';
    const isMet = value <= reference * most;
    return reference === 0 ? (isMet ? 'met' : 'MISSED') : `${text(value / reference)} of ${what}, <= ${most}: ${isMet ? 'met' : 'MISSED'}`;
}

function report(rows) {
    const names = Object.keys(peers), lines = [`| figure | ${names.join(' | ')} | bar |`, `|${' --- |'.repeat(names.length + 2)}`];
    for (const figure of figures) {
        const of = (peer, what = figure) => { const values = rows.filter((row) => row.peer === peer).map((row) => row[what]); return values.length ? median(values) : NaN; };
        lines.push(`| ${figure} | ${names.map((name) => text(of(name))).join(' | ')} | ${(bars[figure] || []).map((bar) => verdict(bar, of('muster'), figure, of)).filter(Boolean).join('; ')} |`);
    }
    return `${new Set(rows.map((row) => row.round)).size} rounds, ${options.n} servers.\n\n${lines.join('\n')}`;
}

async function main() {
    const rows = options.out && fs.existsSync(options.out) ? fs.readFileSync(options.out, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)) : [];
    const first = Math.max(-1, ...rows.map((row) => row.round)) + 1, wanted = options.peers.split(',');
    for (let round = first; round < first + Number(options.rounds); round++)
        for (const name of round % 2 ? wanted.slice().reverse() : wanted) {
            const dir = fs.mkdtempSync(path.join(os.tmpdir(), `muster-supervision-${name}-`));
            try { rows.push({ round, peer: name, ...await measure(options, name, dir) }); } finally { fs.rmSync(dir, { recursive: true, force: true }); }
            if (options.out) fs.writeFileSync(options.out, rows.map((row) => JSON.stringify(row)).join('\n') + '\n');
        }
    console.log(report(rows));
}

main().then(() => process.exit(0), (error) => { console.error(error.stack); process.exit(1); });
