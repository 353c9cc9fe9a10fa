// What the servers of one run report, and what /proc says of them and of their manager.
'use strict';
const fs = require('fs');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const read = (file) => { try { return fs.readFileSync(file, 'utf8'); } catch { return ''; } };
const pids = () => fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
const argumentsOf = (pid) => read(`/proc/${pid}/cmdline`).split('\0');

// State, parent, user and system ticks of a process; null if there is none, or only its corpse.
function statOf(pid) {
    const text = read(`/proc/${pid}/stat`), fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return !text || 'ZX'.includes(fields[0]) ? null : { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}

const kTicksPerSecond = 100;
const cpuSeconds = (list) => list.map(statOf).filter(Boolean).reduce((sum, stat) => sum + stat.ticks, 0) / kTicksPerSecond;
const rssMib = (list) => list.reduce((sum, pid) => sum + Number((/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`)) || [0, 0])[1]), 0) / 1024;

// Shared pages of programs and libraries count once for each process in RSS, and in parts in PSS.
const pssMib = (list) => list.reduce((sum, pid) => sum + Number((/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`)) || [0, 0])[1]), 0) / 1024;

// The servers of one run: `file` is where they report, and is in the arguments of each of them.
class Scene {
    constructor(file) {
        this.file = file;
        fs.writeFileSync(file, '');
    }
    // Every beginning so far, in order: { name, pid, at }, nanoseconds.
    starts() {
        return read(this.file).split('\n').filter(Boolean).map((line) => {
            const [name, pid, at] = line.split(' ');
            return { name, pid: Number(pid), at: BigInt(at) };
        });
    }
    // Name and pid of each that is alive, from /proc and not from anybody's table.
    alive() {
        return pids().filter((pid) => statOf(pid)).map((pid) => ({ pid, args: argumentsOf(pid) }))
            .filter(({ args }) => args[1] === this.file && args[0].endsWith('muster_bench_witness')).map(({ pid, args }) => ({ pid, name: args[2] }));
    }
    // When the last of `count` different names began, of those after the first `mark` beginnings; null: not within `ms`.
    async waitFor(count, mark, ms, isWanted = () => true) {
        for (const until = Date.now() + ms; ; await pause(2)) {
            const first = new Map();
            for (const one of this.starts().slice(mark)) if (isWanted(one) && !first.has(one.name)) first.set(one.name, one.at);
            if (first.size >= count) return [...first.values()].reduce((a, b) => (a > b ? a : b));
            if (Date.now() > until) return null;
        }
    }
}

module.exports = { Scene, pause, read, pids, argumentsOf, statOf, cpuSeconds, rssMib, pssMib };
