// The medians over the rounds as a table of Markdown, and whether the bars were met.
'use strict';
const { kinds } = require('./kinds.cjs');
const { parties } = require('./parties.cjs');

const figures = ['rate', 'cpuUs', 'lost', 'repeated', 'failed', 'firstUs', 'lastUs', 'lastP99Us', 'p50Us', 'p99Us', 'kibPerConnection', 'idleCores'];
const wrongs = ['lost', 'repeated', 'failed'];  // none may be in any round: these are summed up
const sum = (values) => values.reduce((a, b) => a + b);
const median = (values) => values.slice().sort((a, b) => a - b)[values.length >> 1];
const text = (value) => value === undefined ? '' : value >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));

function verdict(bar, of) {
    const value = bar.of ? of('muster') / of(bar.of) : of('muster');
    const isMet = bar.least !== undefined ? value >= bar.least : value <= bar.most;
    const limit = bar.least !== undefined ? `>= ${text(bar.least)}` : `<= ${text(bar.most)}`;
    return `${text(value)}${bar.of ? ' of ' + bar.of : ''}, ${limit}: ${isMet ? 'met' : 'MISSED'}`;
}

function report(rows) {
    const columns = Object.keys(parties), lines = [`| load | figure | ${columns.join(' | ')} | bar |`, `|${' --- |'.repeat(columns.length + 3)}`];
    for (const [name, kind] of Object.entries(kinds)) for (const figure of figures) {
        const of = (party) => {
            const values = rows.filter((r) => r.kind === name && r.party === party && r[figure] !== undefined).map((r) => r[figure]);
            return !values.length ? undefined : wrongs.includes(figure) ? sum(values) : median(values);
        };
        if (columns.every((party) => of(party) === undefined)) continue;
        const bars = kind.bars.filter((bar) => bar.figure === figure && of('muster') !== undefined && (!bar.of || of(bar.of) !== undefined)).map((bar) => verdict(bar, of));
        lines.push(`| ${name} | ${figure} | ${columns.map((party) => text(of(party))).join(' | ')} | ${bars.join('; ')} |`);
    }
    const rounds = new Set(rows.map((r) => r.round)).size, foreign = rows.filter((r) => r.foreign !== undefined).map((r) => r.foreign);
    const busy = foreign.length ? ` Cores that neither broker nor load used: ${text(median(foreign))} by the median, ${text(Math.max(...foreign))} at most.` : '';
    return `${rounds} rounds: medians, and sums of what went wrong.${busy}\n\n${lines.join('\n')}`;
}

module.exports = { report };
