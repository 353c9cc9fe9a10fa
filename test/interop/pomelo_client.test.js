'use strict';
const assert = require('node:assert');
const { test, before, after } = require('node:test');
const peers = require('./support.js');

let master;
before(async () => { master = await peers.startMaster(); });
after(peers.stopAll);

for (const form of ['md5', 'clear']) {
  test(`a real admin client logs in with a ${form} password and is answered`, async () => {
    const client = await peers.connectedClient(master.port, `c-${form}`, 'boss', 'secret', form);
    const { error, result } = await client.ask('request', { moduleId: 'echo', body: { n: 'ä"\\' } });
    assert.strictEqual(error, null);
    assert.strictEqual(result.n, 'ä"\\');
  });
}

test('a wrong password is refused in words', async () => {
  const client = peers.startClient(master.port, 'c-wrong', 'boss', 'guess');
  const { error } = await client.says('connected');
  assert.match(JSON.stringify(error), /username or password error/);
});

test('level 2 may list modules and ask, but neither switch nor change', async () => {
  const client = await peers.connectedClient(master.port, 'c-viewer', 'viewer', 'look');
  const list = await client.ask('command', { command: 'list', moduleId: null });
  assert.deepStrictEqual(list.result.modules, ['echo', 'agent']);
  const off = await client.ask('command', { command: 'disable', moduleId: 'echo' });
  assert.match(JSON.stringify(off.error), /permission denied/);
  const change = await client.ask('request', { moduleId: 'agent', body: { op: 'servers' } });
  assert.match(JSON.stringify(change.error), /permission denied/);
  const spoof = await client.ask('request',
    { moduleId: 'agent', body: { op: 'servers', clientId: 'c-md5', username: 'boss' } });
  assert.match(JSON.stringify(spoof.error), /permission denied/);
});

test('a module is switched off and on, and an unknown one is -1', async () => {
  const client = await peers.connectedClient(master.port, 'c-switch');
  assert.strictEqual((await client.ask('command', { command: 'disable', moduleId: 'agent' })).result, 1);
  const asked = await client.ask('request', { moduleId: 'agent', body: {} });
  assert.strictEqual(asked.error, 'module agent is disable');
  assert.strictEqual((await client.ask('command', { command: 'enable', moduleId: 'agent' })).result, 1);
  assert.strictEqual((await client.ask('command', { command: 'enable', moduleId: 'nope' })).result, -1);
});

test('an unknown module is answered in pomelo\'s words', async () => {
  const client = await peers.connectedClient(master.port, 'c-unknown');
  const { error } = await client.ask('request', { moduleId: 'nope', body: {} });
  assert.strictEqual(error, 'unknown moduleId:nope');
});

test('the master\'s notify reaches a client', async () => {
  const client = await peers.connectedClient(master.port, 'c-told');
  client.tell('request', { moduleId: 'agent', body: { op: 'tell', moduleId: 'profiler' } });
  const { message } = await client.says('notified');
  assert.deepStrictEqual(message, { moduleId: 'profiler', body: { told: true } });
});

test('an id that is in use is refused', async () => {
  await peers.connectedClient(master.port, 'c-twice');
  const second = peers.startClient(master.port, 'c-twice');
  assert.match(JSON.stringify((await second.says('connected')).error), /id has been registered/);
});
