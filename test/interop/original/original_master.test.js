'use strict';
// A C++ server with libmuster in a cluster that an original, unmodified pomelo master runs.
const { test, afterEach } = require('node:test');
const assert = require('node:assert');
const path = require('path');
const { freePorts } = require('../master.js');
const { Child, eventually, startRelay, stopAll } = require('../support.js');

afterEach(stopAll);

async function startOriginal({ port, token = 'ok', servers = 1 } = {}) {
  const listening = port || (await freePorts(1))[0];
  const master = new Child(process.execPath,
    [path.join(__dirname, 'master.js'), String(listening), token, String(servers)]);
  master.port = listening;
  await master.says('started');
  return master;
}

const startServer = (port, id, { type = 'area', token = 'ok' } = {}) =>
  new Child(process.env.MUSTER_MONITOR_PROGRAM, [`pomelo://127.0.0.1:${port}`, id, type, token]);

test('registers, subscribes and records', async () => {
  const master = await startOriginal({ servers: 0 });
  const server = startServer(master.port, 'area-1');
  const { record } = await master.says('register');
  assert.equal(record.id, 'area-1');
  assert.equal(record.serverType, 'area');
  assert.equal(record.port, 31000);
  assert.equal(record.frontend, 'true');
  await server.says('registered');
  const { map } = await server.says('servers');
  assert.deepEqual(Object.keys(map), ['area-1']);
  server.tell('ready');
  // One record more than servers.json names: all are started.
  await eventually(async () => (await master.ask('isStarted', {}, 'isStarted')).isStarted);
});

test('asks and answers, in both slots', async () => {
  const master = await startOriginal();
  const server = startServer(master.port, 'area-1');
  await server.says('registered');
  const echoed = await master.ask('ask', { id: 'area-1', moduleId: 'echo', body: { a: 'ä"\\' } });
  assert.deepEqual([echoed.error, echoed.body], [null, { a: 'ä"\\' }]);
  const asked = await server.ask('request', { moduleId: 'echo', body: { b: [1] } });
  assert.deepEqual(asked.result, { b: [1] });
  const unknown = await master.ask('ask', { id: 'area-1', moduleId: 'nobody', body: {} });
  assert.match(JSON.stringify(unknown.error), /unknown moduleId:nobody/);
  const { body } = await master.ask('list', {}, 'list');
  assert.equal(body.msg['area-1'].serverType, 'area');
  assert.match(body.msg['area-1'].rss, /^\d+\.\d\d$/);
  server.tell('notify', { moduleId: 'echo', body: { n: 1 } });
  await master.line((l) => l.what === 'noted' && l.message.n === 1);
});

test('hears of servers that come and go, C++ and Node.js alike', async () => {
  const master = await startOriginal();
  const first = startServer(master.port, 'area-1');
  await first.says('servers');
  const second = startServer(master.port, 'area-2');
  await first.line((l) => l.what === 'servers' && l.map['area-2']);
  const third = new Child(process.execPath,
    [path.join(__dirname, '../peers/monitor.js'), String(master.port), 'chat-1', 'chat', 'ok']);
  await first.line((l) => l.what === 'servers' && l.map['chat-1']);
  const from = first.lines.length;
  await second.stop();
  await third.stop();
  await first.line((l) => l.what === 'servers' && !l.map['area-2'] && !l.map['chat-1'], from);
});

test('is refused without the token, and does not come in by reconnect', async () => {
  const master = await startOriginal({ token: 'secret' });
  const server = startServer(master.port, 'area-1', { token: 'wrong' });
  await server.says('refused');
  const silence = await server.line((l) => l.what === 'registered', 0, 4000).catch(() => 'silence');
  assert.equal(silence, 'silence');
  assert.ok(!master.lines.some((l) => l.what === 'register' || l.what === 'reconnect'));
});

test('comes back by reconnect when its connection broke', async () => {
  const master = await startOriginal();
  const relay = await startRelay(master.port);
  const server = startServer(relay.port, 'area-1');
  await server.says('registered');
  const from = server.lines.length;
  relay.cut();
  await master.says('reconnect');
  await server.says('registered', from);
  const { body } = await master.ask('ask', { id: 'area-1', moduleId: 'echo', body: 1 });
  assert.equal(body, 1);
});

test('comes back when the master was killed, and answers what was kept once', async () => {
  const master = await startOriginal();
  const server = startServer(master.port, 'area-1');
  await server.says('registered');
  await master.stop();
  await server.says('disconnected');
  const from = server.lines.length;
  const again = await startOriginal({ port: master.port });
  // To a server that is not there yet: answered with an error at once, kept, and pushed again.
  const { error } = await again.ask('ask', { id: 'area-1', moduleId: 'echo', body: 7 });
  assert.ok(error);
  const { body } = await again.line((l) => l.what === 'answer' && l.body === 7, 0, 40000);
  assert.equal(body, 7);
  await server.says('registered', from, 40000);
  assert.equal(server.lines.slice(from).filter((l) => l.what === 'asked').length, 1);
});

test('stops when it is told to, and its goodbye is heard', async () => {
  const master = await startOriginal();
  const server = startServer(master.port, 'area-1');
  await server.says('registered');
  master.tell('notify', { id: 'area-1', moduleId: '__console__', body: { signal: 'stop' } });
  await server.says('stop');
  server.tell('quit');
  await master.says('disconnect');
  await server.says('stopped');
});

test('does not harm the master with anything a module may say', async () => {
  const master = await startOriginal();
  const server = startServer(master.port, 'area-1');
  await server.says('registered');
  for (const body of [null, 7, 'x', [], { __proto__: 1, a: '\u0000' }, { respId: '__proto__' }]) {
    server.tell('notify', { moduleId: 'systemInfo', body });
    server.tell('notify', { moduleId: 'echo', body });
    server.tell('notify', { moduleId: '__proto__', body });
  }
  const { result } = await server.ask('request', { moduleId: 'echo', body: 'still there' });
  assert.equal(result, 'still there');
  assert.ok(!master.lines.some((l) => l.what === 'uncaught'));
});
