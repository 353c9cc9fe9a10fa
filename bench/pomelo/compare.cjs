// Measures muster's master beside pomelo-admin's, in interleaved rounds, and prints the medians.
// Usage: node compare.cjs --muster BIN --swarm BIN [--native-swarm BIN] [--real BIN] [--null BIN]
//                         [--kinds pomelo,muster,native,null] [--rounds 7] [--n 1,100,1000]
//                         [--per-process 10] [--out FILE]
// Kinds, by master and monitors (parties.cjs): pomelo, muster: raw ones over pomelo's framing;
// native: raw ones over muster's own protocol; null: no master at all, what the kernel alone costs;
// pomelo-real, muster-real: pomelo-admin's own monitors; native-real: muster::Monitor. All masters are
// driven by the same admin client (pomelo-admin's); the master is alone on core 0, the monitors on
// core 1. Rounds that FILE has already count too, so that a run can be made in pieces: --rounds 0
// only prints. Loopback only, bounded by counts.
'use strict';
const fs = require('fs');
const { kinds, removeScratch } = require('./parties.cjs');
const { measure } = require('./measure.cjs');
const { report } = require('./report.cjs');

const options = { 'rounds': '7', 'n': '1,100,1000', 'size': '64', 'kinds': 'pomelo,muster,native,null,pomelo-real,muster-real,native-real', 'per-process': '10' };
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];
const canRun = (kind) => options[kinds[kind].master] !== undefined || kinds[kind].master === 'pomelo';
const hasMonitors = (kind) => kinds[kind].monitors === 'pomelo-monitors' || options[kinds[kind].monitors] !== undefined;

function earlierRows() {
    if (!options.out || !fs.existsSync(options.out)) return [];
    return fs.readFileSync(options.out, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

async function main() {
    const wanted = options.kinds.split(',').filter((kind) => canRun(kind) && hasMonitors(kind));
    const rows = earlierRows(), first = new Set(rows.map((r) => r.round)).size;
    for (let round = first; round < first + Number(options.rounds); round++)
        for (const n of options.n.split(',').map(Number))
            for (const kind of round % 2 ? wanted.slice().reverse() : wanted) {
                rows.push(...(await measure(options, kind, n)).map((r) => Object.assign({ round }, r)));
                if (options.out) fs.writeFileSync(options.out, rows.map((r) => JSON.stringify(r)).join('\n') + '\n');
            }
    console.log(report(rows));
}

main().then(() => { removeScratch(); process.exit(0); }, (error) => { console.error(error); process.exit(1); });
