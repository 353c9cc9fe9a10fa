'use strict';
// The unmodified admin client of pomelo-admin on muster's master.
const assert = require('node:assert');
const { test, before, after } = require('node:test');
const peers = require('./support.js');
const { startMaster } = require('./master.js');

let master;
before(async () => { master = await startMaster(); });
after(peers.stopAll);

for (const form of ['md5', 'clear']) {
  test(`a real admin client logs in with a ${form} password and is answered`, async () => {
    const client = await peers.connectedClient(master.port, `c-${form}`, 'boss', 'secret', form);
    const { error, result } = await client.ask('request', { moduleId: 'echo', body: { n: 'ä"\\' } });
    assert.strictEqual(error, null);
    assert.strictEqual(result.n, 'ä"\\');
  });
}

for (const [user, password, words] of [['boss', 'guess', /username or password error/],
  ['nobody', 'secret', /username or password error/], ['', 'x', /client should auth with username/]]) {
  test(`'${user}' with '${password}' is refused in words`, async () => {
    const client = peers.startClient(master.port, `c-refused-${user}`, user, password);
    assert.match(JSON.stringify((await client.says('connected')).error), words);
  });
}

test('level 2 may list modules and ask, but neither switch nor change', async () => {
  const client = await peers.connectedClient(master.port, 'c-viewer', 'viewer', 'look');
  const list = await client.ask('command', { command: 'list', moduleId: null });
  for (const id of ['watchServer', 'echo', 'bench']) assert.ok(list.result.modules.includes(id), id);
  assert.ok(!list.result.modules.some((id) => /^__\w+__$/.test(id)));
  const off = await client.ask('command', { command: 'disable', moduleId: 'echo' });
  assert.match(JSON.stringify(off.error), /Command permission denied/);
  const stop = { signal: 'stop', ids: ['nobody'] };
  for (const body of [stop, { ...stop, clientId: 'c-md5', username: 'boss' }, { signal: 'restart', ids: [] },
    { signal: 'addCron', args: [] }, { signal: 'blacklist', args: ['10.0.0.1'] }]) {
    const { error } = await client.ask('request', { moduleId: '__console__', body });
    assert.match(JSON.stringify(error), /Command permission denied/, body.signal);
  }
  for (const comd of ['run', 'set', 'enable']) {
    const { error } = await client.ask('request',
      { moduleId: 'watchServer', body: { comd, context: 'x', param: '1' } });
    assert.match(JSON.stringify(error), /Command permission denied/, comd);
  }
});

test('a module is switched off and on; odd cases have pomelo\'s values', async () => {
  const client = await peers.connectedClient(master.port, 'c-switch');
  const command = async (name, moduleId) => client.ask('command', { command: name, moduleId });
  assert.strictEqual((await command('disable', 'bench')).result, 1);
  const asked = await client.ask('request', { moduleId: 'bench', body: { op: 'mcount' } });
  assert.strictEqual(asked.error, 'module bench is disable');
  assert.strictEqual((await command('enable', 'bench')).result, 1);
  assert.strictEqual((await command('enable', 'nope')).result, -1);
  assert.strictEqual((await command('disable', 'nope')).result, -1);
  assert.strictEqual((await command('enable', '')).error, 'empty moduleId');
  assert.strictEqual((await command('burn', 'echo')).error, 'unknown command:burn');
});

test('unknown modules and servers are answered in pomelo\'s words', async () => {
  const client = await peers.connectedClient(master.port, 'c-unknown');
  const { error } = await client.ask('request', { moduleId: 'nope', body: {} });
  assert.strictEqual(error, 'unknown moduleId:nope');
  const nobody = await client.ask('request', { moduleId: 'echo', body: { target: 'nobody', payload: 1 } });
  assert.strictEqual(nobody.error.message, 'unknown server id:nobody');
});

test('an id that is in use is refused', async () => {
  await peers.connectedClient(master.port, 'c-twice');
  const second = peers.startClient(master.port, 'c-twice');
  assert.match(JSON.stringify((await second.says('connected')).error), /id has been registered. id:c-twice/);
});

test('every request of a client is answered, also a senseless one (3.1 z)', async () => {
  const client = await peers.connectedClient(master.port, 'c-senseless');
  for (const [moduleId, body] of [['watchServer', { comd: 'nope', context: 'all' }], ['watchServer', {}],
    ['watchServer', { comd: 'servers' }], ['watchServer', { comd: 'status', context: 'nobody' }],
    ['watchServer', { comd: 'connections', context: 'nobody' }], ['watchServer', { comd: 'run', context: 'all' }],
    ['__console__', {}], ['__console__', { signal: 'nope' }], ['__console__', { signal: 'stop', ids: 'x' }],
    ['__console__', { signal: 'add', args: ['host=x'] }], ['__masterwatcher__', { action: 'nope' }],
    ['scripts', { command: 'save' }], ['scripts', { command: 'nope' }], ['scripts', { command: 'run', serverId: 'nobody', script: '1' }]]) {
    const { error } = await client.ask('request', { moduleId, body });
    assert.ok(error, `${moduleId} ${JSON.stringify(body)}`);
  }
});

test('tables of a cluster without servers are empty, not an exception (3.1 d)', async () => {
  const client = await peers.connectedClient(master.port, 'c-empty');
  for (const comd of ['servers', 'connections', 'logins']) {
    const { error, result } = await client.ask('request', { moduleId: 'watchServer', body: { comd, context: 'all' } });
    assert.deepStrictEqual([error, result], [null, { msg: {} }]);
  }
  const { error, result } = await client.ask('request', { moduleId: '__console__', body: { signal: 'list' } });
  assert.strictEqual(error, null);
  // The original lists itself too.
  assert.deepStrictEqual(Object.values(result.msg).map((row) => row.serverType), ['master']);
});
