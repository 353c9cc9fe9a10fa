'use strict';
// Masters of the real program, each with a directory, a configuration and ports of its own.
const { execFile, spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const { eventually, endsWithTest } = require('./support.js');

const modules = process.env.MUSTER_INTEROP_MODULES;
const program = process.env.MUSTER_PROGRAM;
const users = [
  { id: '1', username: 'boss', password: 'secret', level: 1 },
  { id: '2', username: 'viewer', password: 'look', level: 2 },
];

const listening = (port) => new Promise((resolve) => {
  const server = net.createServer();
  server.on('error', () => resolve(null)).listen(port, '127.0.0.1', () => resolve(server));
});

/// `count` ports that nobody has, below the range of outgoing connections, any of which could take
/// one meanwhile, and below the range of test/support/free_port.hpp.
async function freePorts(count) {
  const servers = [];
  while (servers.length < count) {
    const server = await listening(10000 + Math.floor(Math.random() * 10000));
    if (server) servers.push(server);
  }
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

const writeJson = (file, value) => {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(value));
};

/// Whether somebody listens there.
const answers = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
  socket.on('error', () => resolve(false));
});

/// Processes whose command line names `directory`, which no other test's does.
function processesOf(directory) {
  const found = [];
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (fs.readFileSync(`/proc/${pid}/cmdline`).includes(directory)) found.push(Number(pid));
    } catch { /* it ended meanwhile */ }
  }
  return found;
}

class Master {
  /// `verb`: "master" alone, or "start" with its servers.
  constructor(verb, directory, port) { Object.assign(this, { verb, directory, port }); }

  async launch() {
    const log = fs.openSync(path.join(this.directory, 'master.log'), 'a');
    this.process = spawn(program, [this.verb, '-c', this.directory], { stdio: ['ignore', log, log] });
    fs.closeSync(log);
    this.exited = new Promise((resolve) => this.process.on('exit', resolve));
    await eventually(() => {
      if (this.process.exitCode !== null) throw new Error(`the master ended: ${this.log()}`);
      return answers(this.port);
    });
    return this;
  }
  log() { return fs.readFileSync(path.join(this.directory, 'master.log'), 'utf8'); }
  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
  }
  /// kill -9, and another one with the same port and state.
  async restart() {
    await this.kill();
    return this.launch();
  }
  /// `muster <args>` as an administrator of this cluster.
  muster(...args) { return run(program, [...args, '-c', this.directory]); }
  /// The rows of `muster ls`.
  async servers() {
    const { output, code } = await this.muster('ls', '-o', 'json');
    if (code !== 0) return [];
    const parsed = JSON.parse(output);
    return Array.isArray(parsed) ? parsed : parsed.servers;
  }
  /// The rows once `count` servers are ready.
  ready(count, milliseconds = 20000) {
    return eventually(async () => {
      const rows = await this.servers();
      return rows.filter((row) => row.ready).length === count ? rows : null;
    }, milliseconds).catch((error) => { throw new Error(`${error.message}\n${this.log()}`); });
  }
  async stop() {
    // The keeper starts its node again, so look until nobody is left.
    await eventually(() => {
      const left = processesOf(this.directory);
      for (const pid of left) try { process.kill(pid, 'SIGKILL'); } catch { /* it ended meanwhile */ }
      return left.length === 0;
    });
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

/// A program's exit code and what it wrote to both outputs.
const run = (file, args) => new Promise((resolve) => {
  execFile(file, args, { timeout: 30000 }, (error, output, errors) =>
    resolve({ code: error ? error.code : 0, output, errors }));
});

async function inDirectory(verb, port, files) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-interop-'));
  const master = new Master(verb, directory, port);
  endsWithTest(master);
  for (const [name, value] of Object.entries({
    'master.json': { id: 'master-server-1', host: '127.0.0.1', port },
    'adminUser.json': users,
    ...files,
  })) writeJson(path.join(directory, 'config', name), value);
  return master;
}

const tokenList = (tokens) => Object.entries(tokens).map(([type, token]) => ({ type, token }));

/// A master alone with echo and bench; `tokens`: {type: token}, none: no adminServer.json.
async function startMaster(tokens, settings = {}) {
  const [port] = await freePorts(1);
  const files = { 'muster.json': { configVersion: 1, modules: ['echo', 'bench'], ...settings } };
  if (tokens) files['adminServer.json'] = tokenList(tokens);
  const master = await inDirectory('master', port, files);
  return master.launch();
}

/// A pomelo game directory as its users have it, with Node.js servers of three types. `native`: and
/// a C++ server of type area, which takes a muster.json. `closeWatcher`: with that of master.json.
async function makeGame({ native = false, closeWatcher = false } = {}) {
  const [port, gate, connector, connectorClient, chat1, chat2, area, spare] = await freePorts(8);
  const host = '127.0.0.1';
  const servers = {
    gate: [{ id: 'gate-server-1', host, clientPort: gate, frontend: true }],
    connector: [{ id: 'connector-server-1', host, port: connector, clientHost: host,
      clientPort: connectorClient, frontend: true }],
    chat: [{ id: 'chat-server-1', host, port: chat1, args: '--no-warnings', 'auto-restart': 'true' },
      { id: 'chat-server-2', host, port: chat2 }],
  };
  const tokens = { gate: 'g', connector: 'c', chat: 'h', area: 'a' };
  const files = { 'servers.json': { development: servers }, 'adminServer.json': tokenList(tokens) };
  if (native) {
    servers.area = [{ id: 'area-1', host, port: area }];
    files['muster.json'] = { configVersion: 1, modules: ['echo'],
      types: { area: { command: ['${base}/native_server'], readiness: { kind: 'monitor' } } } };
  }
  if (closeWatcher)
    files['master.json'] = { id: 'master-server-1', host, port, closeWatcher };
  const master = await inDirectory('start', port, files);
  fs.cpSync(path.join(__dirname, 'game'), master.directory, { recursive: true });
  fs.symlinkSync(path.join(modules, 'node_modules'), path.join(master.directory, 'node_modules'));
  if (native)
    fs.symlinkSync(process.env.MUSTER_NATIVE_SERVER, path.join(master.directory, 'native_server'));
  master.sparePort = spare;
  /// What a server's app heard, a line each.
  master.heard = (id) => {
    try {
      return fs.readFileSync(path.join(master.directory, 'logs', `${id}.heard`), 'utf8');
    } catch { return ''; }
  };
  return master;
}

module.exports = { startMaster, makeGame, freePorts, run };
