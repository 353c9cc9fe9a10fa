// What muster, pm2, supervisord and runit do in awkward moments: one server of each kind, no bars in milliseconds but what was seen.
// Usage: node behaviours.cjs --muster BUILD/app/muster --pm2 .../.bin/pm2 [--peers muster,pm2,supervisord,runit] [--only NAME,...]
// Needs root for the full disk (a tmpfs of its own), else says so. It ends only what it started.
'use strict';
const fs = require('fs'), os = require('os'), path = require('path');
const { spawnSync } = require('child_process');
const { peers, run } = require('./peers.cjs');
const { pause, pids, read, statOf, argumentsOf, cpuSeconds, rssMib } = require('./scene.cjs');

const options = { peers: Object.keys(peers).join(',') };
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];
for (const program of ['muster', 'pm2']) if (options[program]) options[program] = path.resolve(options[program]);

// A server of each kind: a script that is given the file where its processes write their pids, and its name.
const scripts = {
    exits: 'exit 3',
    stubborn: 'trap "" TERM; while :; do sleep 1; done',
    tree: 'sleep 1000 & echo $! >>"$1"; setsid sleep 1001 & echo $! >>"$1"; exec sleep 1002',
    beats: 'exec python3 -c "\nimport os, socket, time\naddress = os.environ.get(\'NOTIFY_SOCKET\', \'\')\nout = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\nwhile True:\n    if address: out.sendto(b\'READY=1\\nWATCHDOG=1\', address.replace(\'@\', chr(0), 1))\n    time.sleep(1)"',
    talks: 'seq -f "line %.0f of a server that has a great deal to say, in some eighty bytes each, and more" 1 200000; exec sleep 1000',
    floods: 'sleep 3; seq -f "line %.0f of a server that has a great deal to say, in some eighty bytes each, and more" 1 40000; exec sleep 1000',
};

class Stage {
    constructor(peer, dir) { Object.assign(this, { peer, dir, file: path.join(dir, 'pids') }); }
    // Pids of the servers themselves and of what they said that they started, as far as they live.
    servers() { return pids().filter((pid) => statOf(pid) && argumentsOf(pid).includes(this.file)); }
    written() { return read(this.file).split('\n').filter(Boolean).map(Number).filter((pid) => statOf(pid)); }
    starts() { return read(`${this.file}.starts`).split('\n').filter(Boolean).length; }
    main() { return Number(read(`${this.file}.starts`).split('\n').filter(Boolean).pop()); }
    async until(isDone, ms) { for (const end = Date.now() + ms; Date.now() < end; await pause(20)) if (isDone()) return true; return false; }
    says() {
        const text = spawnSync(this.peer.list[0], this.peer.list.slice(1), { encoding: 'utf8', env: this.peer.env || process.env, timeout: 30000 }).stdout;
        if (!text.startsWith('[')) return text.split('\n').filter((line) => /\bs0\b/.test(line)).join(' ').replace(/\s+/g, ' ').replaceAll(this.dir, '').trim();
        return JSON.parse(text).map((one) => `${one.pm2_env.status}, ${one.pm2_env.restart_time} restarts`).join(' ');
    }
    stop() { const begun = Date.now(); spawnSync(this.peer.stop[0], this.peer.stop.slice(1), { encoding: 'utf8', env: this.peer.env || process.env, timeout: 60000 }); return ((Date.now() - begun) / 1000).toFixed(1); }
    logged() {
        let lines = 0;
        for (const name of spawnSync('find', [this.dir, '-name', '*s0*', '-type', 'f', '-path', '*log*'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean))
            lines += (name.endsWith('.gz') ? spawnSync('zcat', [name], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout : read(name)).split('\n').filter((line) => /\bline \d+ of a server/.test(line)).length;
        return lines;
    }
}

const behaviours = {
    async exits(stage) { await pause(10000); const starts = stage.starts(); return `${starts} starts in 10 s; says: ${stage.says()}`; },
    async stubborn(stage) { const pid = stage.main(), took = stage.stop(); return `stop took ${took} s, ${statOf(pid) ? 'STILL THERE' : 'gone'}; says: ${stage.says()}`; },
    async tree(stage) {
        await stage.until(() => stage.written().length === 2, 5000);
        const [inGroup, ofOwn] = read(stage.file).split('\n').map(Number);
        stage.stop();
        await pause(500);
        return `left after stop: ${statOf(inGroup) ? 1 : 0} in its group, ${statOf(ofOwn) ? 1 : 0} in a session of its own`;
    },
    async orphans(stage) {
        await stage.until(() => stage.written().length === 2, 5000);
        const old = stage.written();
        process.kill(stage.main(), 'SIGKILL');
        await stage.until(() => stage.starts() === 2, 5000);
        await pause(500);
        return `of the dead server's children ${old.filter((pid) => statOf(pid)).length} of ${old.length} run beside its successor`;
    },
    async frozen(stage) {
        await pause(2000);
        process.kill(stage.main(), 'SIGSTOP');
        let since = Date.now(), says = '';
        await stage.until(() => /unresponsive/.test(says = stage.says()), 25000);
        since = ((Date.now() - since) / 1000).toFixed(1);
        return `after ${since} s: ${says}`;
    },
    async talks(stage) {
        const rss = rssMib(stage.peer.managers());
        await stage.until(() => stage.logged() >= 200000, 20000);
        await pause(500);
        return `${stage.logged()} of 200000 lines kept, ${cpuSeconds(stage.peer.managers()).toFixed(2)} s CPU since its start, ${(rssMib(stage.peer.managers()) - rss).toFixed(1)} MiB more`;
    },
    async fullDisk(stage) {
        await pause(6000);
        const alive = stage.peer.managers().length > 0;
        return `${stage.logged()} of 40000 lines kept, manager ${alive ? 'lives' : 'DEAD'}; says: ${stage.says()}`;
    },
    async managerFrozen(stage) {
        const [pid] = stage.peer.managers(), begun = Date.now();
        process.kill(pid, 'SIGSTOP');
        try {
            const result = spawnSync(stage.peer.list[0], stage.peer.list.slice(1), { encoding: 'utf8', env: stage.peer.env || process.env, timeout: 30000 });
            const took = ((Date.now() - begun) / 1000).toFixed(1);
            return result.error ? `no answer in ${took} s` : `exit ${result.status} after ${took} s: ${(result.stderr || result.stdout).trim().split('\n').pop().replaceAll(stage.dir, '').slice(0, 160)}`;
        } finally { process.kill(pid, 'SIGCONT'); }
    },
};
const scriptOf = { tree: 'tree', orphans: 'tree', frozen: 'beats', fullDisk: 'floods', managerFrozen: 'beats' };

function logFolder(name, dir) {
    return { muster: path.join(dir, '.muster', 'logs'), pm2: path.join(dir, 'home', 'logs'), supervisord: path.join(dir, 'log'), runit: null }[name];
}

async function see(name, behaviour) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), `muster-behaviour-${name}-`)), peer = new peers[name](options, dir), stage = new Stage(peer, dir);
    const script = path.join(dir, 'server.sh');
    fs.writeFileSync(script, `#!/bin/sh\necho $$ >>"$1.starts"\n${scripts[scriptOf[behaviour] || behaviour]}\n`, { mode: 0o755 });
    const full = behaviour === 'fullDisk' ? logFolder(name, dir) : null;
    if (full) fs.mkdirSync(full, { recursive: true, mode: 0o700 });
    if (full && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', full]).status !== 0) return 'not tried: no tmpfs can be mounted';
    try {
        await peer.configure(['s0'], [script, stage.file]);
        await peer.up();
        if (!await stage.until(() => stage.starts() > 0, 20000)) return 'did not start';
        return await behaviours[behaviour](stage);
    } finally {
        for (const pid of stage.servers()) try { process.kill(pid, 'SIGCONT'); } catch { /* gone */ }
        await peer.down();
        for (const pid of [...stage.servers(), ...stage.written()]) try { process.kill(pid, 'SIGKILL'); } catch { /* gone */ }
        if (full) run(['umount', full]);
        fs.rmSync(dir, { recursive: true, force: true });
    }
}

async function main() {
    for (const behaviour of options.only ? options.only.split(',') : Object.keys(behaviours)) {
        console.log(`\n${behaviour}`);
        for (const name of options.peers.split(',')) console.log(`  ${name}: ${await see(name, behaviour)}`);
    }
}

main().then(() => process.exit(0), (error) => { console.error(error.stack); process.exit(1); });
