// One supervisor's figures in one round.
'use strict';
const fs = require('fs'), path = require('path');
const { peers, run } = require('./peers.cjs');
const { Scene, pause, read, cpuSeconds, rssMib, pssMib } = require('./scene.cjs');

const kPatience = 60000;  // ms, until servers are there
const median = (values) => values.slice().sort((a, b) => a - b)[values.length >> 1];
const ms = (from, to) => Number(to - from) / 1e6;
const now = () => process.hrtime.bigint();

// Wall and CPU milliseconds of a command, its children counted in.
function cost(command, env) {
    const begun = now();
    const text = run(['bash', '-c', 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1', 'bash', ...command], { env: env || process.env }).stderr;
    const wall = ms(begun, now()), seconds = text.trim().split('\n').pop().split(' ').map(Number);
    return { wall, cpu: (seconds[0] + seconds[1]) * 1000 };
}

async function coldStart(peer, scene, count) {
    const begun = now();
    await peer.up();
    const last = await scene.waitFor(count, 0, kPatience);
    if (last === null) throw new Error(`only ${scene.starts().length} of ${count} servers began: ${read(path.join(peer.dir, 'manager.log'))}`);
    await pause(2000);
    return { startMs: ms(begun, last), startCpuS: cpuSeconds(peer.managers()) };
}

async function idle(peer, seconds) {
    const before = cpuSeconds(peer.managers()), all = peer.managers();
    await pause(seconds * 1000);
    return { managers: all.length, rssMib: rssMib(all), pssMib: pssMib(all), pssWithoutMasterMib: pssMib(all.slice(1)), rssWithoutMasterMib: rssMib(all.slice(1)), idlePercent: 100 * (cpuSeconds(peer.managers()) - before) / seconds };
}

function listed(peer) {
    const costs = Array.from({ length: 5 }, () => cost(peer.list, peer.env));
    const ones = Array.from({ length: 5 }, () => cost(peer.one, peer.env).wall);
    return { listMs: median(costs.map((one) => one.wall)), listCpuMs: median(costs.map((one) => one.cpu)), oneMs: median(ones) };
}

async function crashes(scene, samples) {
    const times = [];
    for (let i = 0; i < samples; i++) {
        const alive = scene.alive(), victim = alive[(i * 37) % alive.length], mark = scene.starts().length, killed = now();
        process.kill(victim.pid, 'SIGKILL');
        const back = await scene.waitFor(1, mark, 20000, (one) => one.name === victim.name);
        if (back === null) throw new Error(`${victim.name} did not come back`);
        times.push(ms(killed, back));
        await pause(1300 + (i * 97) % 600);  // longer than what counts as having run for a while
    }
    times.sort((a, b) => a - b);
    return { crashP50Ms: median(times), crashP95Ms: times[Math.floor(times.length * 0.95)] };
}

async function massCrash(scene, count) {
    const mark = scene.starts().length, killed = now();
    for (const { pid } of scene.alive()) process.kill(pid, 'SIGKILL');
    const last = await scene.waitFor(count, mark, kPatience);
    await pause(2000);
    return { massMs: last === null ? Infinity : ms(killed, last) };
}

// What the manager's memory is after `times` crashes of every server at once, and what it was after the first.
async function manyCrashes(peer, scene, count, times) {
    const first = await massCrash(scene, count), before = rssMib(peer.managers()), all = [first.massMs];
    for (let i = 1; i < times; i++) all.push((await massCrash(scene, count)).massMs);
    return { massMs: median(all), restarts: times * count, grownMib: rssMib(peer.managers()) - before };
}

// Until the command ends, and until the last server has begun again if that is later.
async function restartAll(peer, scene, count) {
    const mark = scene.starts().length, begun = now(), wall = cost(peer.restart, peer.env).wall;
    const last = await scene.waitFor(count, mark, kPatience);
    await pause(2000);
    return { restartMs: last === null ? Infinity : Math.max(wall, ms(begun, last)) };
}

// SIGKILL of what the operator calls the manager; of muster: of master, node and keeper at once.
async function managerKilled(peer, scene) {
    const before = scene.alive(), mark = scene.starts().length;
    for (const pid of peer.killed ? peer.killed() : peer.managers().slice(0, 1)) process.kill(pid, 'SIGKILL');
    await pause(3000);
    const left = scene.alive().length;
    await (peer.again ? peer.again() : peer.up());
    await pause(6000);
    const after = scene.alive(), names = new Set(after.map((one) => one.name)), kept = new Set(after.map((one) => one.pid));
    return { leftAlive: left, newStarts: scene.starts().length - mark, twice: after.length - names.size, samePid: before.filter((one) => kept.has(one.pid)).length };
}

async function measure(options, name, dir) {
    const count = Number(options.n), names = Array.from({ length: count }, (_, i) => 'w' + String(i).padStart(3, '0'));
    fs.mkdirSync(dir, { recursive: true });
    const scene = new Scene(path.join(dir, 'starts')), peer = new peers[name](options, dir);
    await peer.configure(names, [options.witness, scene.file]);
    try {
        const figures = { ...await coldStart(peer, scene, count), ...await idle(peer, 8), ...listed(peer) };
        Object.assign(figures, await crashes(scene, Number(options.samples)), await manyCrashes(peer, scene, count, 10), await restartAll(peer, scene, count));
        Object.assign(figures, await managerKilled(peer, scene));
        return { ...figures, stopMs: cost(peer.stop, peer.env).wall, leftAfterStop: scene.alive().length };
    } finally {
        await peer.down();
        for (const { pid } of scene.alive()) process.kill(pid, 'SIGKILL');
    }
}

module.exports = { measure, median };
