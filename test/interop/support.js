'use strict';
// Child processes, real peers and raw MQTT 3.1.1 frames. What was started is ended by stopAll().
const { spawn } = require('child_process');
const net = require('net');
const path = require('path');
const readline = require('readline');

const started = [];

/// A child process whose lines on standard output can be waited for.
class Child {
  constructor(command, args, options = {}) {
    this.lines = [];
    this.waiters = [];
    this.tickets = 0;
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', options.stderr || 'ignore'], ...options });
    this.exited = new Promise((resolve) => this.process.on('exit', resolve));
    this.process.stdin.on('error', () => {});  // it may end before it has read all
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
  async line(test, from = 0, milliseconds = 20000) {
    const end = Date.now() + milliseconds;
    for (;;) {
      const found = this.lines.slice(from).find(test);
      if (found !== undefined) return found;
      const left = end - Date.now();
      if (left <= 0) throw new Error(`no such line; had: ${JSON.stringify(this.lines.slice(-8))}`);
      await this.more(left);
    }
  }
  says(what, from = 0, milliseconds = 20000) { return this.line((l) => l.what === what, from, milliseconds); }
  tell(what, more) { this.process.stdin.write(JSON.stringify({ what, ...more }) + '\n'); }
  /// Tells it, and waits for its answer: a line of kind `answer`, with the same ticket if it has one.
  async ask(what, more, answer = 'answer') {
    const from = this.lines.length;
    const ticket = ++this.tickets;
    this.tell(what, { ...more, ticket });
    const { ticket: ignored, ...line } = await this.line(
      (l) => l.what === answer && (l.ticket === undefined || l.ticket === ticket), from, 20000);
    return line;
  }
  async stop() {
    this.process.kill('SIGKILL');
    await this.exited;
  }
}

const parse = (line) => { try { return JSON.parse(line); } catch { return { text: line }; } };

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

/// A TCP relay whose connections the test can cut, or hold so that nothing gets through any more.
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
const connectPacket = (level = 4, name = 'MQTT', clientId = `MQTT_ADMIN_${Date.now()}`) => packet(0x10,
  Buffer.concat([field(name), Buffer.from([level, 2, 0, 0]), field(clientId)]));
const publishPacket = (topic, payload) =>
  packet(0x30, Buffer.concat([field(topic), Buffer.from(payload)]));

/// What a monitor says of itself when it registers or comes back.
const registration = (id, more = {}) => JSON.stringify({ id, type: 'monitor', serverType: 'chat', pid: 1,
  info: { id, serverType: 'chat', host: '127.0.0.1', port: 1 }, ...more });

/// A raw connection; `closed` resolves when the master ends it.
class Raw {
  constructor(port) {
    this.socket = net.connect(port, '127.0.0.1');
    this.received = Buffer.alloc(0);
    this.isClosed = false;
    this.waiters = [];
    this.socket.on('data', (bytes) => {
      this.received = Buffer.concat([this.received, bytes]);
      for (const waiter of this.waiters.splice(0)) waiter();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.on('close', () => {
      this.isClosed = true;
      resolve();
      for (const waiter of this.waiters.splice(0)) waiter();
    }));
    started.push(this);
  }
  /// A monitor that is registered, or came back with `reconnect`.
  static async member(port, id, more = {}, topic = 'register') {
    const raw = new Raw(port).send(connectPacket(), publishPacket(topic, registration(id, more)));
    await raw.until((bytes) => bytes.includes('"code":1'));
    return raw;
  }
  send(...buffers) { for (const buffer of buffers) this.socket.write(buffer); return this; }
  async until(test, milliseconds = 5000) {
    const end = Date.now() + milliseconds;
    while (!test(this.received)) {
      const left = end - Date.now();
      if (left <= 0 || this.isClosed)
        throw new Error(`not received; had ${this.received.toString('latin1').slice(-600)}`);
      let timer;
      await new Promise((resolve) => { this.waiters.push(resolve); timer = setTimeout(resolve, left); });
      clearTimeout(timer);
    }
    return this.received;
  }
  /// Until the master has ended it.
  async ends(milliseconds = 5000) {
    const end = setTimeout(() => this.socket.destroy(new Error('the master did not end it')), milliseconds);
    let isLate = false;
    this.socket.on('error', (error) => { isLate = isLate || /did not end it/.test(error.message); });
    await this.closed;
    clearTimeout(end);
    if (isLate) throw new Error(`the master did not end it; had ${this.received.toString('latin1').slice(-300)}`);
  }
  /// The messages of topic `topic` so far, parsed.
  messages(topic) {
    const found = [];
    for (let at = 0; at < this.received.length;) {
      const head = this.received[at];
      let length = 0;
      let next = at + 1;
      for (let shift = 0; ; shift += 7) {
        const byte = this.received[next++];
        length |= (byte & 127) << shift;
        if (!(byte & 128)) break;
      }
      const body = this.received.subarray(next, next + length);
      at = next + length;
      if ((head & 0xf0) !== 0x30 || body.length < length) continue;
      const name = body.subarray(2, 2 + body.readUInt16BE(0)).toString();
      if (name !== topic) continue;
      const message = JSON.parse(body.subarray(2 + name.length).toString());
      found.push(typeof message === 'string' ? JSON.parse(message) : message);
    }
    return found;
  }
  /// The first message of `topic` for which `test` holds.
  async message(topic, test, milliseconds) {
    await this.until(() => this.messages(topic).some(test), milliseconds);
    return this.messages(topic).find(test);
  }
  async stop() { this.socket.destroy(); }
}

async function stopAll() {
  for (const one of started.splice(0).reverse()) await one.stop();
}

/// Asks until the answer is good: for what takes a moment to become known.
async function eventually(test, milliseconds = 20000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const value = await test();
    if (value) return value;
    if (Date.now() > end) throw new Error(`did not become true: ${test}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

module.exports = {
  Child, Raw, startMonitor, startedMonitor, startClient, connectedClient, startRelay, connectPacket,
  publishPacket, registration, packet, field, stopAll, eventually, endsWithTest: (one) => { started.push(one); },
};
