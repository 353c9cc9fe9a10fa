// Measures muster's broker beside Mosquitto and brokers that do nothing, in interleaved rounds, and
// prints the medians with the bars they are held against.
// Usage: node compare.cjs --build BUILD/bench/broker --muster BUILD/test/support/broker_program
//                         [--mosquitto /usr/sbin/mosquitto] [--rounds 7] [--kinds qos0,...] [--parties muster,...] [--out FILE]
// Kinds: kinds.cjs. Rounds that FILE has already count too, so that a run can be made in pieces:
// --rounds 0 only prints. Loopback only, bounded by times and counts.
'use strict';
const fs = require('fs');
const { kinds } = require('./kinds.cjs');
const { parties, startBroker, load, removeScratch } = require('./parties.cjs');
const { report } = require('./report.cjs');

const options = { rounds: '7', kinds: Object.keys(kinds).join(','), parties: Object.keys(parties).join(','), mosquitto: '/usr/sbin/mosquitto' };
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];

function earlierRows() {
    if (!options.out || !fs.existsSync(options.out)) return [];
    return fs.readFileSync(options.out, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

async function measure(name, party) {
    const broker = await startBroker(options, party, kinds[name]);
    try { return await load(options, kinds[name], broker); } finally { await broker.stop(); }
}

async function main() {
    const wanted = options.kinds.split(','), rows = earlierRows(), first = Math.max(-1, ...rows.map((r) => r.round)) + 1;
    for (let round = first; round < first + Number(options.rounds); round++)
        for (const name of wanted) {
            const of = kinds[name].of.filter((party) => options.parties.split(',').includes(party));
            for (const party of round % 2 ? of.reverse() : of) {
                rows.push({ round, kind: name, party, ...await measure(name, party) });
                if (options.out) fs.writeFileSync(options.out, rows.map((r) => JSON.stringify(r)).join('\n') + '\n');
            }
        }
    console.log(report(rows));
}

main().then(() => { removeScratch(); process.exit(0); }, (error) => { console.error(error.message); removeScratch(); process.exit(1); });
