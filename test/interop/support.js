'use strict';
// Starts a master and peers as child processes, and speaks raw MQTT 3.1.1 frames where a real peer
// is too well-behaved. Everything that was started is ended by stopAll().
const { spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const readline = require('readline');

const started = [];

/// A child process whose lines on standard output can be waited for.
class Child {
  constructor(command, args, options = {}) {
    this.lines = [];
    this.waiters = [];
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', options.stderr || 'ignore'], ...options });
    this.exited = new Promise((resolve) => this.process.on('exit', resolve));
    readline.createInterface({ input: this.process.stdout }).on('line', (line) => {
      this.lines.push(options.plain ? line : parse(line));
      this.wake();
    });
    started.push(this);
  }
  wake() { for (const waiter of this.waiters.splice(0)) waiter(); }
  /// The next output, or the end of the time, whichever is first.
  async more(milliseconds) {
    let timer;
    await new Promise((resolve) => {
      this.waiters.push(resolve);
      timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
  }
  /// The first line from `from` on for which `test` holds.
  async line(test, from = 0, milliseconds = 10000) {
    const end = Date.now() + milliseconds;
    for (;;) {
      const found = this.lines.slice(from).find(test);
      if (found !== undefined) return found;
      const left = end - Date.now();
      if (left <= 0) throw new Error(`no such line; had: ${JSON.stringify(this.lines.slice(-8))}`);
      await this.more(left);
    }
  }
  says(what, from = 0, milliseconds = 10000) { return this.line((l) => l.what === what, from, milliseconds); }
  tell(what, more) { this.process.stdin.write(JSON.stringify({ what, ...more }) + '\n'); }
  /// Tells it, and waits for the line of kind `answer` that follows.
  async ask(what, more, answer = 'answer') {
    const from = this.lines.length;
    this.tell(what, more);
    return this.says(answer, from);
  }
  async stop() {
    this.process.kill('SIGKILL');
    await this.exited;
  }
}

const parse = (line) => { try { return JSON.parse(line); } catch { return { text: line }; } };

async function startMaster(...tokens) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-interop-'));
  return masterIn(directory, 0, tokens);
}

/// kill -9, and another master on the same port and state.
async function restartMaster(master, ...tokens) {
  await master.stop();
  return masterIn(master.directory, master.port, tokens);
}

async function masterIn(directory, port, tokens) {
  const child = new Child(process.env.MUSTER_HARNESS_MASTER, [directory, String(port), ...tokens], { plain: true });
  child.directory = directory;
  child.port = Number((await child.line((l) => l.startsWith('READY'))).split(' ')[1]);
  return child;
}

const peer = (name, ...args) =>
  new Child(process.execPath, [path.join(__dirname, 'peers', name), ...args.map(String)]);
const startMonitor = (port, id, type = 'chat', token = '') => peer('monitor.js', port, id, type, token);
const startClient = (port, id, user = 'boss', password = 'secret', form = 'md5') =>
  peer('client.js', port, id, user, password, form);

async function connectedClient(port, id, user, password, form) {
  const client = startClient(port, id, user, password, form);
  const { error } = await client.says('connected');
  if (error) throw new Error(JSON.stringify(error));
  return client;
}
async function startedMonitor(port, id, type, token) {
  const monitor = startMonitor(port, id, type, token);
  await monitor.says('started');
  return monitor;
}

/// A TCP relay whose connections the test can cut.
async function startRelay(port) {
  const pairs = new Set();
  const server = net.createServer((near) => {
    const far = net.connect(port, '127.0.0.1');
    pairs.add(near).add(far);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.pipe(to);
      from.on('error', () => to.destroy()).on('close', () => { to.destroy(); pairs.delete(from); });
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const relay = {
    port: server.address().port,
    cut: () => { for (const socket of pairs) socket.destroy(); },
    stop: () => new Promise((resolve) => { relay.cut(); server.close(resolve); }),
  };
  started.push(relay);
  return relay;
}

const field = (text) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};
const packet = (head, body) => {
  const length = [];
  let rest = body.length;
  do { length.push((rest & 127) | (rest > 127 ? 128 : 0)); rest >>= 7; } while (rest > 0);
  return Buffer.concat([Buffer.from([head, ...length]), body]);
};
const connectPacket = () => packet(0x10, Buffer.concat(
  [field('MQTT'), Buffer.from([4, 2, 0, 0]), field(`MQTT_ADMIN_${Date.now()}`)]));
const publishPacket = (topic, payload) =>
  packet(0x30, Buffer.concat([field(topic), Buffer.from(payload)]));

/// A raw connection; `closed` resolves when the master ends it.
class Raw {
  constructor(port) {
    this.socket = net.connect(port, '127.0.0.1');
    this.received = Buffer.alloc(0);
    this.socket.on('data', (bytes) => { this.received = Buffer.concat([this.received, bytes]); });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
    started.push(this);
  }
  send(...buffers) { for (const buffer of buffers) this.socket.write(buffer); return this; }
  async until(test, milliseconds = 5000) {
    const end = Date.now() + milliseconds;
    while (!test(this.received)) {
      if (Date.now() > end) throw new Error(`not received; had ${this.received.toString('latin1')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.received;
  }
  async stop() { this.socket.destroy(); }
}

async function stopAll() {
  for (const one of started.splice(0).reverse()) {
    await one.stop();
    if (one.directory) fs.rmSync(one.directory, { recursive: true, force: true });
  }
}

/// Asks until the answer is good: for what takes a moment to become known.
async function eventually(test, milliseconds = 10000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    if (await test()) return;
    if (Date.now() > end) throw new Error('did not become true');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

module.exports = {
  Child, Raw, startMaster, restartMaster, startMonitor, startedMonitor, startClient, connectedClient, startRelay,
  connectPacket, publishPacket, packet, field, stopAll, eventually,
};
