// Medians over the rounds, beside the peer's, with the bars that they are held against.
'use strict';
const { kinds } = require('./parties.cjs');

const fields = ['perSec', 'p50', 'p99', 'cpuUsPerMsg', 'wholeCpuUsPerMsg', 'monitorCpuUsPerMsg', 'ms', 'rssKiB', 'kibPerMonitor'];
const median = (values) => values.slice().sort((a, b) => a - b)[values.length >> 1];
const spread = (values) => (Math.max(...values) - Math.min(...values)) / median(values);

// As muster / pomelo.
function bar(n, name, field) {
    if (field === 'cpuUsPerMsg' && name.startsWith('reqrep')) return n === 1 ? '<= 0.25' : n === 1000 ? '<= 0.125' : '';
    if (field === 'perSec' && name.startsWith('reqrep') && n === 1000) return '>= 8';
    if (field === 'cpuUsPerMsg' && name === 'registration') return '<= 0.125';
    if (field === 'cpuUsPerMsg' && name === 'fanout' && n > 1) return '<= 0.25, 1.5 null';
    if (field === 'kibPerMonitor' && n === 1000) return '<= 0.2';
    return '';
}

function table(rows, group, seen) {
    const columns = seen.filter((kind) => kinds[kind].group === group), peer = columns.find((kind) => kinds[kind].master === 'pomelo');
    const lines = [`| monitors | measure | figure | ${columns.flatMap((kind) => kind === peer || !peer ? [kind] : [kind, 'ratio']).join(' | ')} | bar |`];
    lines.push(lines[0].replace(/[^|]+/g, ' --- '));
    const counts = [...new Set(rows.map((r) => r.n))], names = [...new Set(rows.map((r) => r.name))];
    for (const n of counts) for (const name of names) for (const field of fields) {
        const of = (kind) => {
            const values = rows.filter((r) => r.n === n && r.name === name && r.kind === kind && r[field] !== undefined).map((r) => r[field]);
            return values.length ? median(values) : undefined;
        };
        if (columns.every((kind) => kind === 'null' || of(kind) === undefined)) continue;
        const text = (value) => value === undefined ? '' : value.toPrecision(4);
        const ratio = (kind) => of(peer) && of(kind) !== undefined ? (of(kind) / of(peer)).toPrecision(3) : '';
        const cells = columns.flatMap((kind) => kind === peer || !peer ? [text(of(kind))] : [text(of(kind)), ratio(kind)]);
        lines.push(`| ${n} | ${name} | ${field} | ${cells.join(' | ')} | ${group === 'raw' ? bar(n, name, field) : ''} |`);
    }
    return lines.join('\n');
}

// How far the rounds of one figure lie apart: the machine's noise.
function noise(rows, seen) {
    return seen.map((kind) => {
        const groups = new Map();
        for (const r of rows.filter((r) => r.kind === kind && r.name.startsWith('reqrep')))
            groups.set(r.n + r.name, [...groups.get(r.n + r.name) || [], r.cpuUsPerMsg]);
        return `${kind}: ${(median([...groups.values()].map(spread)) * 100).toFixed(0)} %`;
    }).join(', ');
}

function report(rows) {
    const seen = Object.keys(kinds).filter((kind) => rows.some((r) => r.kind === kind));
    const groups = [...new Set(seen.map((kind) => kinds[kind].group))];
    const rounds = Math.max(...seen.map((kind) => rows.filter((r) => r.kind === kind && r.name === 'reqrep/1' && r.n === rows[0].n).length));
    return [`${rounds} rounds. Largest less smallest CPU of a request, by the median: ${noise(rows, seen)}`]
        .concat(groups.map((group) => table(rows, group, seen))).join('\n\n');
}

module.exports = { report };
