// The brokers that are compared, and how each is started on a port of its own.
'use strict';
const fs = require('fs'), os = require('os'), net = require('net'), path = require('path');
const { spawn } = require('child_process');

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-broker-bench-'));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let started = 0;

// Bounds that none of the loads reaches: what is measured is speed, and loss that nobody announced.
const mosquittoFile = (port, dir, isDurable) => [
    `listener ${port} 127.0.0.1`, 'allow_anonymous true', 'set_tcp_nodelay true', 'log_type error',
    'max_inflight_messages 1000', 'max_queued_messages 1000000', 'max_queued_bytes 0',
    ...(isDurable ? ['persistence true', `persistence_location ${dir}/`, 'autosave_on_changes true', 'autosave_interval 1'] : ['persistence false']),
    ...(process.getuid() === 0 ? ['user root'] : []),
].join('\n') + '\n';

const musterCommand = (options, port, store) => [options.muster, '--port', String(port), '--max-connections', '50000',
    '--max-queued-messages', '1000000', '--max-queued-bytes', String(1 << 28), ...(store ? ['--store', store] : [])];

// By name, in the order of the table's columns. A durable one keeps what it acknowledged.
const parties = {
    'muster': (options, port, dir, isDurable) => musterCommand(options, port, isDurable ? path.join(dir, 'store') : ''),
    // The same with an fsync for each group, where Mosquitto has one for each file it writes.
    'muster-power': (options, port, dir) => [...musterCommand(options, port, path.join(dir, 'store')), '--power'],
    // The same without TCP_QUICKACK, for what that costs.
    'muster-late-ack': (options, port) => ['env', `LD_PRELOAD=${path.join(options.build, 'libmuster_late_ack.so')}`, ...musterCommand(options, port, '')],
    'mosquitto': (options, port, dir, isDurable) => {
        const file = path.join(dir, 'mosquitto.conf');
        fs.writeFileSync(file, mosquittoFile(port, dir, isDurable));
        return [options.mosquitto, '-c', file];
    },
    'null-epoll': (options, port) => [path.join(options.build, 'muster_null_epoll'), '--port', String(port)],
    'null-asio': (options, port) => [path.join(options.build, 'muster_null_asio'), '--port', String(port)],
};

function freePort() {
    return new Promise((resolve) => {
        const server = net.createServer().listen(0, '127.0.0.1', () => {
            const port = server.address().port;
            server.close(() => resolve(port));
        });
    });
}

// On one core or, with null, on all; with as many descriptors as there may be.
function spawnOn(core, command, stderr) {
    const pinned = core === null ? [] : ['taskset', '-c', String(core)];
    return spawn('sh', ['-c', 'ulimit -n "$(ulimit -H -n)"; exec "$@"', 'sh', ...pinned, ...command], { stdio: ['ignore', 'pipe', stderr] });
}

function accepts(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
        socket.on('error', () => resolve(false));
    });
}

async function startBroker(options, name, kind) {
    const port = await freePort(), dir = path.join(scratch, `${name}-${started++}`);
    fs.mkdirSync(dir);
    const log = fs.openSync(path.join(dir, 'log'), 'a');
    const child = spawnOn(kind.isPinned ? 0 : null, parties[name](options, port, dir, kind.isDurable), log);
    fs.closeSync(log);
    child.stdout.resume();
    for (const until = Date.now() + 10000; !await accepts(port);) {
        if (child.exitCode !== null || Date.now() > until) throw new Error(`${name} does not accept: ${fs.readFileSync(path.join(dir, 'log'))}`);
        await pause(20);
    }
    const gone = new Promise((resolve) => child.on('exit', resolve));
    return { name, port, pid: child.pid, stop: async () => { child.kill('SIGKILL'); await gone; fs.rmSync(dir, { recursive: true, force: true }); } };
}

// One line of JSON from a program that puts load on `broker`.
function load(options, kind, broker) {
    const command = [path.join(options.build, kind.program || 'muster_mqtt_load'), ...kind.load, '--port', String(broker.port),
        ...(kind.program ? [] : ['--pid', String(broker.pid)])];
    const child = spawnOn(kind.isPinned ? 1 : null, command, 'inherit');
    let text = '';
    child.stdout.on('data', (data) => { text += data; });
    return new Promise((resolve, reject) => child.on('close', (code) =>
        code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`${command.join(' ')} of ${broker.name}: exit ${code}`))));
}

const removeScratch = () => fs.rmSync(scratch, { recursive: true, force: true });

module.exports = { parties, startBroker, load, removeScratch };
