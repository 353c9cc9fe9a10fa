// One measurement: a master of a kind with n monitors, as rows {kind, n, name, figures...}.
'use strict';
const fs = require('fs'), net = require('net');
const AdminClient = require('pomelo-admin').adminClient;
const { kinds, pause, freePort, startMaster, startNullMaster, startMonitors, kill } = require('./parties.cjs');

// Real monitors are several times slower, and a round must stay short.
const loads = {
    raw: { totals: { 1: 3000, 16: 20000, 64: 30000, 256: 40000 }, notifies: 50000, rounds: 40 },
    real: { totals: { 1: 1500, 16: 8000, 64: 12000, 256: 16000 }, notifies: 20000, rounds: 40 },
};

async function connect(port) {
    for (let i = 0; ; i++) {
        try { return await connectOnce(port); } catch (error) { if (i > 100) throw error; await pause(50); }
    }
}

function connectOnce(port) {
    return new Promise((resolve, reject) => {
        const probe = net.connect(port, '127.0.0.1', () => {
            probe.destroy();
            const client = new AdminClient({ username: 'admin', password: 'admin', md5: true });
            client.connect('bench-' + process.pid + '-' + Math.random(), '127.0.0.1', port, (error) => error ? reject(error) : resolve(client));
        });
        probe.on('error', reject);
    });
}

const ask = (client, body) => new Promise((resolve, reject) =>
    client.request('bench', body, (error, answer) => error ? reject(new Error(JSON.stringify(error))) : resolve(answer)));

// CPU as the kernel counts it, so that both masters are measured by the same clock.
function cpuOf(pid) {
    const field = (file) => { try { return Number(fs.readFileSync(file, 'utf8').split(' ')[0]) / 1e3; } catch (gone) { return 0; } };
    return fs.readdirSync(`/proc/${pid}/task`).reduce((sum, t) => sum + field(`/proc/${pid}/task/${t}/schedstat`), 0);
}
const rssKiB = (pid) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

async function measureNull(options, n) {
    const port = await freePort(), master = startNullMaster(options, port, n);
    let text = '';
    master.stdout.on('data', (data) => { text += data; });
    const waiting = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
    while (!fs.readFileSync('/proc/net/tcp', 'utf8').includes(waiting)) await pause(20);
    const monitors = startMonitors(options, 'null', port, n);
    await new Promise((resolve) => master.on('exit', resolve));
    kill(monitors.processes);
    // The first of the two with 16 in flight only warms up.
    return text.trim().split('\n').map((line) => Object.assign({ kind: 'null', n }, JSON.parse(line))).filter((r, i) => i !== 1);
}

// Runs what is measured; the CPU it took of the master and of its monitors.
async function timed(pid, monitors, run) {
    const all = () => monitors.reduce((sum, child) => sum + cpuOf(child.pid), 0);
    const before = cpuOf(pid), theirs = all(), result = await run();
    return { result, cpu: cpuOf(pid) - before, monitorCpu: all() - theirs };
}

async function measureRegistration(options, kind, n, port, client, row) {
    const info = await ask(client, { op: 'info' }), pid = info.pid;
    const cpu = cpuOf(pid), rss = rssKiB(pid), started = Date.now();
    const { processes, registered } = startMonitors(options, kind, port, n);
    try {
        await registered;
        const ms = Date.now() - started;
        row('registration', { ms, cpuUsPerMsg: (cpuOf(pid) - cpu) / n });
        while ((await ask(client, { op: 'info' })).monitors < n) await pause(20);  // the master's own view may be a turn late
        row('memory', { rssKiB: rssKiB(pid), kibPerMonitor: (rssKiB(pid) - rss) / n });
    } catch (error) { kill(processes); throw error; }
    return { pid, processes };
}

async function measureLoads(options, { pid, processes }, n, client, row, group) {
    const size = Number(options.size), { totals, notifies, rounds } = loads[group];
    await ask(client, { op: 'reqrep', total: 2000, inflight: 16, size });
    for (const [inflight, total] of Object.entries(totals)) {
        const { result, cpu, monitorCpu } = await timed(pid, processes, () => ask(client, { op: 'reqrep', total, inflight: Number(inflight), size }));
        row('reqrep/' + inflight, { perSec: total / result.ms * 1e3, p50: result.p50, p99: result.p99, cpuUsPerMsg: cpu / total, monitorCpuUsPerMsg: monitorCpu / total });
    }
    const burst = await timed(pid, processes, () => ask(client, { op: 'notify', total: notifies, size }));
    if (burst.result.got !== notifies) throw new Error('notify lost: ' + JSON.stringify(burst.result));
    row('notify', { perSec: notifies / burst.result.ms * 1e3, cpuUsPerMsg: burst.cpu / notifies, monitorCpuUsPerMsg: burst.monitorCpu / notifies });
    const fan = await timed(pid, processes, () => ask(client, { op: 'notifyOnly', rounds, size }));
    // The master's own figure ends when all is handed to the kernel; the kernel's has what comes back too.
    row('fanout', { p50: fan.result.p50, p99: fan.result.p99, cpuUsPerMsg: fan.result.cpuUsPerMsg, wholeCpuUsPerMsg: fan.cpu / (n * rounds), monitorCpuUsPerMsg: fan.monitorCpu / (n * rounds) });
    row('memoryAfterLoad', { rssKiB: rssKiB(pid) });
}

async function measure(options, kind, n) {
    if (kinds[kind].master === 'null') return measureNull(options, n);
    const port = await freePort(), master = await startMaster(options, kind, port), rows = [];
    const row = (name, value) => rows.push(Object.assign({ kind, n, name }, value));
    let processes = [];
    try {
        const client = await connect(port);
        const monitors = await measureRegistration(options, kind, n, port, client, row);
        processes = monitors.processes;
        await measureLoads(options, monitors, n, client, row, kinds[kind].group);
    } finally {
        kill([...processes, master]);
    }
    return rows;
}

module.exports = { measure };
