// The supervisors that are compared: how each is told of its servers, started, asked, and brought back.
'use strict';
const fs = require('fs'), path = require('path'), net = require('net');
const { spawn, spawnSync } = require('child_process');
const { pids, argumentsOf, read, statOf, pause } = require('./scene.cjs');

const kPatience = 240000;  // ms, for one command

function run(command, options = {}) {
    const result = spawnSync(command[0], command.slice(1), { encoding: 'utf8', timeout: kPatience, maxBuffer: 1 << 26, ...options });
    if (result.error) throw new Error(`${command.join(' ')}: ${result.error.message}`);
    return result;
}

function background(command, dir, options = {}) {
    const log = fs.openSync(path.join(dir, 'manager.log'), 'a');
    const child = spawn(command[0], command.slice(1), { stdio: ['ignore', log, log], detached: true, cwd: dir, ...options });
    fs.closeSync(log);
    child.unref();
    return child;
}

function freePort() {
    return new Promise((resolve) => {
        const server = net.createServer().listen(0, '127.0.0.1', () => {
            const port = server.address().port;
            server.close(() => resolve(port));
        });
    });
}

// Each has up(): starts manager and servers from cold, in the background or not; list, one, restart and stop: commands; managers(): pids, the
// one first that an operator would call the manager; down(): ends it all.
class Muster {
    constructor(options, dir) { Object.assign(this, { muster: options.muster, dir, config: path.join(dir, 'config') }); }
    async configure(names, command) {
        fs.mkdirSync(this.config);
        const write = (name, content) => fs.writeFileSync(path.join(this.config, name), JSON.stringify(content));
        write('master.json', { id: 'master', host: '127.0.0.1', port: await freePort() });
        write('servers.json', { worker: names.map((id) => ({ id, host: '127.0.0.1' })) });
        write('muster.json', { configVersion: 1, cluster: 'bench', types: { worker: { command: [...command, '${id}'], readiness: { kind: 'start' }, restart: { resetAfter: '1s' } } } });  // as pm2 and supervisord count
        this.list = [this.muster, 'ls', '-c', this.config];
        this.one = [this.muster, 'ls', names[0], '-c', this.config];
        this.stop = [this.muster, 'stop', 'all', '-c', this.config];
        this.restart = [this.muster, 'restart', 'all', '-c', this.config];
    }
    up() { background([this.muster, 'start', '-c', this.config], this.dir); }
    managers() {
        const own = pids().filter((pid) => { const args = argumentsOf(pid); return path.basename(args[0]) === 'muster' && args.some((one) => one.startsWith(this.dir)); });
        return own.sort((a, b) => (argumentsOf(b)[1] === 'start') - (argumentsOf(a)[1] === 'start'));
    }
    killed() { return this.managers(); }  // all of it: master, node and keeper
    async down() {
        run(this.stop);
        await endAll(() => this.managers(), ['SIGTERM', 'SIGKILL']);
    }
}

class Pm2 {
    constructor(options, dir) { Object.assign(this, { pm2: options.pm2, dir, env: { ...process.env, PM2_HOME: path.join(dir, 'home'), PM2_DISABLE_VERSION_CHECK: 'true', NO_COLOR: '1' } }); }
    async configure(names, command) {
        this.file = path.join(this.dir, 'ecosystem.config.json');
        fs.writeFileSync(this.file, JSON.stringify({ apps: names.map((name) => ({ name, script: command[0], args: [...command.slice(1), name], interpreter: 'none', exec_mode: 'fork', merge_logs: true })) }));
        this.list = [this.pm2, 'jlist'];
        this.one = [this.pm2, 'pid', names[0]];
        this.stop = [this.pm2, 'stop', 'all'];
        this.restart = [this.pm2, 'restart', 'all'];
    }
    up() { run([this.pm2, 'start', this.file], { env: this.env }); run([this.pm2, 'save'], { env: this.env }); }
    again() { run([this.pm2, 'resurrect'], { env: this.env }); }
    managers() { return [Number(read(path.join(this.env.PM2_HOME, 'pm2.pid')))].filter((pid) => pid && statOf(pid)); }
    async down() { run([this.pm2, 'kill'], { env: this.env }); await endAll(() => this.managers(), ['SIGKILL']); }
}

class Supervisord {
    constructor(options, dir) { Object.assign(this, { dir }); }
    async configure(names, command) {
        const file = path.join(this.dir, 'supervisord.conf'), dir = this.dir;
        fs.mkdirSync(path.join(dir, 'log'), { recursive: true });
        fs.writeFileSync(file, `[unix_http_server]\nfile=${dir}/s\n[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n` +
            `[supervisorctl]\nserverurl=unix://${dir}/s\n[supervisord]\nlogfile=${dir}/d.log\npidfile=${dir}/d.pid\nchildlogdir=${dir}/log\nuser=root\n` +
            names.map((name) => `[program:${name}]\ncommand=${command.join(' ')} ${name}\nautorestart=true\n`).join(''));
        this.start = ['supervisord', '-c', file];
        this.list = ['supervisorctl', '-c', file, 'status'];
        this.one = ['supervisorctl', '-c', file, 'status', names[0]];
        this.stop = ['supervisorctl', '-c', file, 'stop', 'all'];
        this.restart = ['supervisorctl', '-c', file, 'restart', 'all'];
        this.end = ['supervisorctl', '-c', file, 'shutdown'];
    }
    up() { run(this.start); }
    managers() { return [Number(read(path.join(this.dir, 'd.pid')))].filter((pid) => pid && statOf(pid)); }
    async down() { run(this.end); await endAll(() => this.managers(), ['SIGTERM', 'SIGKILL']); }
}

class Runit {
    constructor(options, dir) { Object.assign(this, { dir, services: path.join(dir, 'service') }); }
    async configure(names, command) {
        for (const name of names) {
            fs.mkdirSync(path.join(this.services, name), { recursive: true });
            fs.writeFileSync(path.join(this.services, name, 'run'), `#!/bin/sh\nexec ${command.join(' ')} ${name}\n`, { mode: 0o755 });
        }
        const all = names.map((name) => path.join(this.services, name));
        this.list = ['sv', 'status', ...all];
        this.one = ['sv', 'status', all[0]];
        this.stop = ['sv', 'stop', ...all];
        this.restart = ['sv', 'restart', ...all];
    }
    up() { background(['runsvdir', '-P', this.services], this.dir); }
    managers() {
        const isScanner = (pid) => argumentsOf(pid)[0] === 'runsvdir' && argumentsOf(pid).includes(this.services);
        const isOne = (pid) => { try { return argumentsOf(pid)[0] === 'runsv' && fs.readlinkSync(`/proc/${pid}/cwd`).startsWith(this.services); } catch { return false; } };
        const all = pids();
        return [...all.filter(isScanner), ...all.filter(isOne)];
    }
    async down() { await endAll(() => this.managers(), ['SIGHUP', 'SIGTERM', 'SIGKILL']); }
}

// Each signal in turn until nothing is left; a second for each but the last.
async function endAll(list, signals) {
    for (const signal of signals) {
        for (const pid of list()) try { process.kill(pid, signal); } catch { /* it has ended */ }
        for (let i = 0; i < 50 && list().length; i++) await pause(20);
    }
}

const peers = { muster: Muster, pm2: Pm2, supervisord: Supervisord, runit: Runit };

module.exports = { peers, run };
