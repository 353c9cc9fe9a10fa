// Measures muster's master beside pomelo-admin's over pomelo's framing, in interleaved rounds.
// Usage: node compare.cjs --muster BIN --swarm BIN [--null BIN] [--rounds 7] [--n 1,100,1000]
//                         [--kinds pomelo,muster,null] [--out FILE]
// Both masters are driven by the same admin client (pomelo-admin's), loaded by the same swarm of
// raw monitors; master pinned to core 0, the swarm to core 1. The null master shows what the kernel
// alone costs. Loopback only, bounded by counts.
'use strict';
const fs = require('fs'), os = require('os'), net = require('net'), path = require('path');
const { spawn, execFileSync } = require('child_process');
const AdminClient = require('pomelo-admin').adminClient;

const options = { rounds: '7', n: '1,100,1000', size: '64', kinds: 'pomelo,muster,null' };
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];
const counts = options.n.split(',').map(Number), inflights = [1, 16, 64, 256];
const kinds = options.kinds.split(',').filter((kind) => kind !== 'null' || options.null);
const totals = { 1: 3000, 16: 20000, 64: 30000, 256: 40000 };
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-bench-'));
const sleepless = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function freePort() {
    return new Promise((resolve) => {
        const server = net.createServer().listen(0, '127.0.0.1', () => {
            const port = server.address().port;
            server.close(() => resolve(port));
        });
    });
}

function waitLine(child, start) {
    return new Promise((resolve, reject) => {
        let text = '';
        child.stdout.on('data', (data) => {
            text += data;
            const line = text.split('\n').find((l) => l.startsWith(start) && text.includes(l + '\n'));
            if (line) resolve(line);
        });
        child.on('exit', (code) => reject(new Error(start + ' never came; exit ' + code)));
    });
}

function writeConfig(port) {
    const dir = path.join(scratch, String(port), 'config');
    fs.mkdirSync(dir, { recursive: true });
    const write = (name, value) => fs.writeFileSync(path.join(dir, name), JSON.stringify(value));
    write('adminUser.json', [{ id: 'u', username: 'admin', password: 'admin', level: 1 }]);
    write('master.json', { id: 'master-server-1', host: '127.0.0.1', port });
    write('servers.json', {});
    write('muster.json', { configVersion: 1, cluster: 'bench', stateDirectory: path.join(scratch, String(port), 'state'), modules: ['echo', 'bench'] });
    return path.dirname(dir);
}

async function startMaster(kind, port) {
    const base = writeConfig(port);
    const command = kind === 'pomelo'
        ? [process.execPath, path.join(__dirname, 'pomelo_master.cjs'), String(port), path.join(base, 'config')]
        : [options.muster, 'master', '-c', base];
    const child = spawn('taskset', ['-c', '0', ...command], { stdio: ['ignore', 'pipe', fs.openSync(path.join(scratch, port + '.log'), 'w')] });
    if (kind === 'pomelo') await waitLine(child, 'READY');
    child.stdout.resume();
    return child;
}

async function connect(port) {
    for (let i = 0; ; i++) {
        try { return await connectOnce(port); } catch (error) { if (i > 100) throw error; await sleepless(50); }
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
function cpuMicroseconds(pid) {
    const fields = fs.readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    const threads = fs.readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, t) => sum + Number(fs.readFileSync(`/proc/${pid}/task/${t}/schedstat`, 'utf8').split(' ')[0]) / 1e3, 0) || Number(fields[0]) / 1e3;
}
const rssKiB = (pid) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

function startSwarm(port, n) {
    return spawn('taskset', ['-c', '1', options.swarm, '--host', '127.0.0.1', '--port', String(port), '--n', String(n)], { stdio: ['ignore', 'pipe', 'ignore'] });
}

async function measureNull(n) {
    const port = await freePort();
    const master = spawn('taskset', ['-c', '0', options.null, '--port', String(port), '--n', String(n), '--size', options.size], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    master.stdout.on('data', (data) => { text += data; });
    const waiting = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
    while (!fs.readFileSync('/proc/net/tcp', 'utf8').includes(waiting)) await sleepless(20);
    const swarm = startSwarm(port, n);
    swarm.stdout.resume();
    await new Promise((resolve) => master.on('exit', resolve));
    swarm.kill('SIGKILL');
    // The first of the two with 16 in flight only warms up.
    return text.trim().split('\n').map((line) => Object.assign({ kind: 'null', n }, JSON.parse(line))).filter((r, i) => i !== 1);
}

async function measure(kind, n) {
    if (kind === 'null') return measureNull(n);
    const port = await freePort(), master = await startMaster(kind, port), rows = [];
    const row = (name, value) => rows.push(Object.assign({ kind, n, name }, value));
    let swarm;
    try {
        const client = await connect(port), info = await ask(client, { op: 'info' }), pid = info.pid;
        const cpu0 = cpuMicroseconds(pid), rss0 = rssKiB(pid), started = Date.now();
        swarm = startSwarm(port, n);
        await waitLine(swarm, 'REGISTERED');
        row('registration', { ms: Date.now() - started, cpuUsPerMsg: (cpuMicroseconds(pid) - cpu0) / n });
        row('memory', { rssKiB: rssKiB(pid), kibPerMonitor: (rssKiB(pid) - rss0) / n });
        await ask(client, { op: 'reqrep', total: 2000, inflight: 16, size: Number(options.size) });
        for (const inflight of inflights) {
            const cpu = cpuMicroseconds(pid), total = totals[inflight];
            const result = await ask(client, { op: 'reqrep', total, inflight, size: Number(options.size) });
            row('reqrep/' + inflight, { perSec: total / result.ms * 1e3, p50: result.p50, p99: result.p99, cpuUsPerMsg: (cpuMicroseconds(pid) - cpu) / total });
        }
        const cpu1 = cpuMicroseconds(pid), burst = await ask(client, { op: 'notify', total: 50000, size: Number(options.size) });
        if (burst.got !== 50000) throw new Error('notify lost: ' + JSON.stringify(burst));
        row('notify', { perSec: 50000 / burst.ms * 1e3, cpuUsPerMsg: (cpuMicroseconds(pid) - cpu1) / 50000 });
        const fan = await ask(client, { op: 'notifyOnly', rounds: 40, size: Number(options.size) });
        row('fanout', { p50: fan.p50, p99: fan.p99, cpuUsPerMsg: fan.cpuUsPerMsg });
        row('memoryAfterLoad', { rssKiB: rssKiB(pid) });
    } finally {
        if (swarm) swarm.kill('SIGKILL');
        for (const pid of children(master.pid).concat(master.pid)) try { process.kill(pid, 'SIGKILL'); } catch (gone) { /* it ended by itself */ }
    }
    return rows;
}

function children(pid) {
    try { return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number); } catch (gone) { return []; }
}

const median = (values) => values.slice().sort((a, b) => a - b)[values.length >> 1];

// The bars, as muster / pomelo.
function bar(n, name, field) {
    if (field === 'cpuUsPerMsg' && name.startsWith('reqrep')) return n === 1 ? '<= 0.25' : n === 1000 ? '<= 0.125' : '';
    if (field === 'perSec' && name.startsWith('reqrep') && n === 1000) return '>= 8';
    if (field === 'cpuUsPerMsg' && name === 'registration') return '<= 0.125';
    if (field === 'cpuUsPerMsg' && name === 'fanout' && n > 1) return '<= 0.25, 1.5 null';
    if (field === 'kibPerMonitor' && n === 1000) return '<= 0.2';
    return '';
}

function table(rows) {
    const fields = ['perSec', 'p50', 'p99', 'cpuUsPerMsg', 'ms', 'rssKiB', 'kibPerMonitor'];
    const lines = ['| monitors | measure | figure | pomelo-admin | muster | ratio | bar | null master |', '| --- | --- | --- | --- | --- | --- | --- | --- |'];
    const names = [...new Set(rows.map((r) => r.name))];
    for (const n of counts) for (const name of names) for (const field of fields) {
        const of = (kind) => {
            const values = rows.filter((r) => r.n === n && r.name === name && r.kind === kind && r[field] !== undefined).map((r) => r[field]);
            return values.length ? median(values) : undefined;
        };
        const [theirs, ours, nothing] = [of('pomelo'), of('muster'), of('null')];
        if (theirs === undefined && ours === undefined) continue;
        const text = (value) => value === undefined ? '' : value.toPrecision(4);
        const ratio = theirs && ours ? (ours / theirs).toPrecision(3) : '';
        lines.push(`| ${n} | ${name} | ${field} | ${text(theirs)} | ${text(ours)} | ${ratio} | ${bar(n, name, field)} | ${text(nothing)} |`);
    }
    return lines.join('\n');
}

(async () => {
    const rows = [];
    for (let round = 0; round < Number(options.rounds); round++)
        for (const n of counts)
            for (const kind of round % 2 ? kinds.slice().reverse() : kinds) {
                rows.push(...await measure(kind, n));
                if (options.out) fs.writeFileSync(options.out, rows.map((r) => JSON.stringify(r)).join('\n') + '\n');
            }
    console.log(table(rows));
    fs.rmSync(scratch, { recursive: true, force: true });
    process.exit(0);
})().catch((error) => { console.error(error); execFileSync('true'); process.exit(1); });
