'use strict';
const assert = require('node:assert');
const { test, before, after } = require('node:test');
const peers = require('./support.js');

let master;
let admin;
before(async () => {
  master = await peers.startMaster('chat=T1', 'connector=T2');
  admin = await peers.connectedClient(master.port, 'admin-1');
});
after(peers.stopAll);

const ask = (body) => admin.ask('request', { moduleId: 'agent', body });
const request = (target, moduleId, payload) => ask({ op: 'request', target, moduleId, payload });
const isThere = async (id) => (await ask({ op: 'servers' })).result.includes(id);

test('a real monitor registers and answers', async () => {
  await peers.startedMonitor(master.port, 'chat-1', 'chat', 'T1');
  assert.ok(await isThere('chat-1'));
  const { error, result } = await request('chat-1', 'echo', { n: 1, text: '"ä\\\n' });
  assert.strictEqual(error, null);
  assert.deepStrictEqual(result, { n: 1, text: '"ä\\\n' });
});

test('results that a monitor puts into error arrive as results', async () => {
  await peers.startedMonitor(master.port, 'chat-2', 'chat', 'T1');
  const { error, result } = await request('chat-2', '__console__', { signal: 'list' });
  assert.strictEqual(error, null);
  assert.strictEqual(result.serverId, 'chat-2');
});

test('a monitor asks and notifies the master', async () => {
  const monitor = await peers.startedMonitor(master.port, 'chat-3', 'chat', 'T1');
  const { error, result } = await monitor.ask('request', { moduleId: 'echo', body: { a: [1, null] } });
  assert.strictEqual(error, null);
  assert.deepStrictEqual(result, { a: [1, null] });
  monitor.tell('notify', { moduleId: 'echo', body: { told: 3 } });
  await peers.eventually(async () => {
    const seen = await admin.ask('request', { moduleId: 'echo', body: { notified: true } });
    return seen.result && seen.result.told === 3;
  });
});

test('a command to all monitors throws in none of them', async () => {
  const monitor = await peers.startedMonitor(master.port, 'chat-4', 'chat', 'T1');
  await ask({ op: 'command', command: 'disable', moduleId: 'echo' });
  assert.deepStrictEqual((await request('chat-4', 'echo', { n: 4 })).result, { n: 4 });
  assert.ok(!monitor.lines.some((l) => l.what === 'uncaught'));
});

test('a monitor with a wrong token is refused, and its reconnect too', async () => {
  const monitor = peers.startMonitor(master.port, 'chat-5', 'chat', 'wrong');
  await monitor.says('close');
  await monitor.says('close', monitor.lines.length);  // of its second try, 1 s later, by reconnect
  assert.ok(!(await isThere('chat-5')));
});

test('a monitor comes back by reconnect after its link was lost', async () => {
  const relay = await peers.startRelay(master.port);
  const monitor = await peers.startedMonitor(relay.port, 'chat-6', 'chat', 'T1');
  relay.cut();
  await peers.eventually(async () => {
    const answer = await request('chat-6', 'echo', { again: true });
    return answer.result && answer.result.again;
  });
  assert.ok(!monitor.lines.some((l) => l.what === 'uncaught'));
});

test('a request is sent once more after a lost link, and answered once', async () => {
  const relay = await peers.startRelay(master.port);
  const monitor = await peers.startedMonitor(relay.port, 'chat-7', 'chat', 'T1');
  await monitor.tell('mute');
  const answered = request('chat-7', 'echo', { kept: true });
  await monitor.says('asked');
  monitor.tell('speak');
  relay.cut();
  assert.deepStrictEqual((await answered).result, { kept: true });
  assert.strictEqual((await monitor.ask('count', {}, 'count')).seen, 2);
});

test('a second connection of an id takes the first one\'s place', async () => {
  const first = await peers.startedMonitor(master.port, 'chat-8', 'chat', 'T1');
  const second = await peers.startedMonitor(master.port, 'chat-8', 'chat', 'T1');
  await request('chat-8', 'echo', { which: 'second' });
  await second.says('asked');
  await first.line((l, i, all) => l.what === 'close' && all.slice(0, i).some((e) => e.what === 'close'));
  await request('chat-8', 'echo', { still: 'second' });
  await second.line((l) => l.what === 'asked' && l.message.still === 'second');
});

test('both payload encodings are understood', async () => {
  const registration = JSON.stringify({ id: 'raw-1', type: 'monitor', serverType: 'chat', pid: 1,
    info: { host: 'h', port: 1 }, token: 'T1' });
  const raw = new peers.Raw(master.port);
  raw.send(peers.connectPacket(), peers.publishPacket('register', registration));
  await raw.until((bytes) => bytes.includes('{"code":1,"msg":"ok"}'));
  const single = '{"reqId":1,"moduleId":"echo","body":{"form":"single"}}';
  raw.send(peers.publishPacket('monitor', single),
    peers.publishPacket('monitor', JSON.stringify(single.replace('1', '"x"').replace('single', 'double'))));
  await raw.until((bytes) => bytes.includes('\\"respId\\":1,') && bytes.includes('\\"respId\\":\\"x\\"'));
});

test('a monitor comes back to a master that was killed and started again', async () => {
  const doomed = await peers.startMaster('chat=T1');
  const monitor = await peers.startedMonitor(doomed.port, 'chat-9', 'chat', 'T1');
  const again = await peers.restartMaster(doomed, 'chat=T1');
  const client = await peers.connectedClient(again.port, 'admin-9');
  await peers.eventually(async () => {
    const { error, result } = await client.ask('request',
      { moduleId: 'echo', body: { target: 'chat-9', payload: { back: 9 } } });
    return error === null && result.back === 9;
  });
  assert.ok(!monitor.lines.some((l) => l.what === 'uncaught'));
});
