// Who is measured: masters on core 0, and the monitors that load them on core 1.
'use strict';
const fs = require('fs'), os = require('os'), net = require('net'), path = require('path');
const { spawn } = require('child_process');

// master: whose. monitors: which. Their order is that of the columns.
const kinds = {
    'pomelo': { master: 'pomelo', monitors: 'swarm', group: 'raw' },
    'muster': { master: 'muster', monitors: 'swarm', group: 'raw' },
    'native': { master: 'muster', monitors: 'native-swarm', group: 'raw' },
    'null': { master: 'null', monitors: 'swarm', group: 'raw' },
    'pomelo-real': { master: 'pomelo', monitors: 'pomelo-monitors', group: 'real' },
    'muster-real': { master: 'muster', monitors: 'pomelo-monitors', group: 'real' },
    'native-real': { master: 'muster', monitors: 'real', group: 'real' },
};
const cluster = 'bench';
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-bench-'));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const baseOf = (port) => path.join(scratch, String(port));

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
    const dir = path.join(baseOf(port), 'config');
    fs.mkdirSync(dir, { recursive: true });
    const write = (name, value) => fs.writeFileSync(path.join(dir, name), JSON.stringify(value));
    write('adminUser.json', [{ id: 'u', username: 'admin', password: 'admin', level: 1 }]);
    write('master.json', { id: 'master-server-1', host: '127.0.0.1', port });
    write('servers.json', {});
    write('muster.json', { configVersion: 1, cluster, stateDirectory: path.join(baseOf(port), 'state'), modules: ['echo', 'bench'] });
}

function onCore(core, command, port) {
    const log = fs.openSync(path.join(baseOf(port), `core${core}.log`), 'a');
    const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['ignore', 'pipe', log] });
    fs.closeSync(log);
    return child;
}

async function startMaster(options, kind, port) {
    writeConfig(port);
    const isPomelo = kinds[kind].master === 'pomelo';
    const child = onCore(0, isPomelo
        ? [process.execPath, path.join(__dirname, 'pomelo_master.cjs'), String(port), path.join(baseOf(port), 'config')]
        : [options.muster, 'master', '-c', baseOf(port)], port);
    if (isPomelo) await waitLine(child, 'READY');
    child.stdout.resume();
    return child;
}

// The null master measures by itself, and says so in one line of JSON each.
function startNullMaster(options, port, n) {
    fs.mkdirSync(baseOf(port), { recursive: true });
    return onCore(0, [options.null, '--port', String(port), '--n', String(n), '--size', options.size], port);
}

const token = (port) => fs.readFileSync(path.join(baseOf(port), 'state', 'server.token'), 'utf8').trim();

function commandOf(options, monitors, port) {
    const common = ['--port', String(port)];
    const native = () => [...common, '--token', token(port), '--cluster', cluster];
    switch (monitors) {
    case 'native-swarm': return [options['native-swarm'], ...native()];
    case 'real': return [options.real, ...native()];
    case 'pomelo-monitors': return [process.execPath, path.join(__dirname, 'pomelo_monitors.cjs'), ...common];
    default: return [options.swarm, ...common];
    }
}

// `n` monitors of a kind. `registered`: when all are. One process has them all, but for muster's own
// real ones: Paho looks at every client of its process for each message, so they are in processes of
// at most --per-process.
function startMonitors(options, kind, port, n) {
    const { monitors } = kinds[kind], processes = [];
    const share = monitors === 'real' ? Number(options['per-process']) : n;
    for (let left = n; left > 0; left -= share)
        processes.push(onCore(1, [...commandOf(options, monitors, port), '--n', String(Math.min(share, left)), '--prefix', `m${processes.length}-`], port));
    const registered = Promise.all(processes.map((child) => waitLine(child, 'REGISTERED')));
    registered.catch(() => {});  // for who does not wait for it
    return { processes, registered };
}

function children(pid) {
    try { return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number); } catch (gone) { return []; }
}

function kill(processes) {
    for (const { pid } of processes)
        for (const each of children(pid).concat(pid)) try { process.kill(each, 'SIGKILL'); } catch (gone) { /* it ended by itself */ }
}

const removeScratch = () => fs.rmSync(scratch, { recursive: true, force: true });

module.exports = { kinds, pause, freePort, startMaster, startNullMaster, startMonitors, kill, removeScratch };
