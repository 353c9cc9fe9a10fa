'use strict';
// Unmodified pomelo-admin monitors on muster's master.
const assert = require('node:assert');
const { describe, test, before, after } = require('node:test');
const peers = require('./support.js');
const { startMaster } = require('./master.js');

describe('monitors', () => {
  let master;
  let admin;
  before(async () => {
    master = await startMaster({ chat: 'T1', connector: 'T2' });
    admin = await peers.connectedClient(master.port, 'admin-1');
  });
  after(peers.stopAll);

  const request = (moduleId, body, client = admin) => client.ask('request', { moduleId, body });
  const echo = (target, payload, client) => request('echo', { target, payload }, client);
  const known = async () => (await request('__masterwatcher__', { action: 'query' })).result;
  const isCalm = (monitor) => assert.ok(!monitor.lines.some((l) => l.what === 'uncaught'));

  // Mostly they wait: side by side.
  describe('at once', { concurrency: 3 }, () => {
    test('a real monitor registers and answers', async () => {
      await peers.startedMonitor(master.port, 'chat-1', 'chat', 'T1');
      assert.strictEqual((await known())['chat-1'].serverType, 'chat');
      const { error, result } = await echo('chat-1', { n: 1, text: '"ä\\\n' });
      assert.strictEqual(error, null);
      assert.deepStrictEqual(result, { n: 1, text: '"ä\\\n' });
    });

    test('results that a monitor puts into error arrive as results', async () => {
      await peers.startedMonitor(master.port, 'chat-2', 'chat', 'T1');
      const { error, result } = await request('__console__', { signal: 'list' });
      assert.strictEqual(error, null);
      assert.strictEqual(result.msg['chat-2'].serverId, 'chat-2');
    });

    test('a monitor asks and notifies the master', async () => {
      const monitor = await peers.startedMonitor(master.port, 'chat-3', 'chat', 'T1');
      const { error, result } = await monitor.ask('request', { moduleId: 'echo', body: { a: [1, null] } });
      assert.strictEqual(error, null);
      assert.deepStrictEqual(result, { a: [1, null] });
      monitor.tell('notify', { moduleId: 'bench', body: { told: 3 } });
      await peers.eventually(async () => (await request('bench', { op: 'mcount' })).result.n === 1);
    });

    test('modules that a monitor asks for and the master has not are answered in pomelo\'s words', async () => {
      const monitor = await peers.startedMonitor(master.port, 'chat-4', 'chat', 'T1');
      const { error } = await monitor.ask('request', { moduleId: 'nope', body: {} });
      assert.strictEqual(error, 'unknown moduleId:nope');
    });

    test('switching a module throws in no monitor (3.1 a)', async () => {
      const monitor = await peers.startedMonitor(master.port, 'chat-5', 'chat', 'T1');
      for (const command of ['disable', 'enable'])
        assert.strictEqual((await admin.ask('command', { command, moduleId: 'systemInfo' })).result, 1);
      assert.deepStrictEqual((await echo('chat-5', { n: 5 })).result, { n: 5 });
      isCalm(monitor);
    });

    test('a monitor with a wrong token is refused, and its reconnect too (3.1 j)', async () => {
      const monitor = peers.startMonitor(master.port, 'chat-6', 'chat', 'wrong');
      await monitor.says('close');
      await monitor.says('close', monitor.lines.length);  // of its second try, 1 s later, by reconnect
      assert.ok(!('chat-6' in await known()));
    });

    test('a monitor comes back by reconnect after its link was lost', async () => {
      const relay = await peers.startRelay(master.port);
      const monitor = await peers.startedMonitor(relay.port, 'chat-7', 'chat', 'T1');
      relay.cut();
      await peers.eventually(async () => (await echo('chat-7', { again: true })).result?.again);
      isCalm(monitor);
    });

    test('a request is sent once more after a lost link, and answered once', async () => {
      const relay = await peers.startRelay(master.port);
      const monitor = await peers.startedMonitor(relay.port, 'chat-8', 'chat', 'T1');
      monitor.tell('mute');
      const answered = echo('chat-8', { kept: true });
      await monitor.says('asked');
      monitor.tell('speak');
      relay.cut();
      assert.deepStrictEqual((await answered).result, { kept: true });
      assert.strictEqual((await monitor.ask('count', {}, 'count')).seen, 2);
    });

    test('a second connection of an id takes the first one\'s place', async () => {
      const first = await peers.startedMonitor(master.port, 'chat-9', 'chat', 'T1');
      const second = await peers.startedMonitor(master.port, 'chat-9', 'chat', 'T1');
      await echo('chat-9', { which: 'second' });
      await second.says('asked');
      await first.line((l, i, all) => l.what === 'close' && all.slice(0, i).some((e) => e.what === 'close'));
      await echo('chat-9', { still: 'second' });
      await second.line((l) => l.what === 'asked' && l.message.still === 'second');
    });

    test('a monitor comes back to a master that was killed and started again', async () => {
      const doomed = await startMaster({ chat: 'T1' });
      const monitor = await peers.startedMonitor(doomed.port, 'chat-10', 'chat', 'T1');
      await doomed.restart();
      const client = await peers.connectedClient(doomed.port, 'admin-10');
      await peers.eventually(async () => (await echo('chat-10', { back: 10 }, client)).result?.back === 10);
      isCalm(monitor);
    });

    test('with "reconnect": "closed" none comes back without a token', async () => {
      const closed = await startMaster(null, { pomelo: { reconnect: 'closed' } });
      const relay = await peers.startRelay(closed.port);
      const monitor = await peers.startedMonitor(relay.port, 'chat-11');
      const from = monitor.lines.length;
      relay.cut();
      await monitor.says('close', from);
      const client = await peers.connectedClient(closed.port, 'admin-11');
      await peers.eventually(async () => (await echo('chat-11', 1, client)).error !== null);
    });
  });
});
