'use strict';
// A pomelo game with closeWatcher: its servers neither subscribe to the watcher nor record themselves.
const assert = require('node:assert');
const { test, before, after } = require('node:test');
const { eventually, stopAll } = require('./support.js');
const { makeGame } = require('./master.js');

let game;
before(async () => {
  game = await makeGame({ closeWatcher: true });
  await game.launch();
});
after(stopAll);

test('servers are ready once they are registered', async () => {
  const rows = await game.ready(4);
  for (const { id } of rows) await eventually(() => game.heard(id).includes('started'));
  assert.ok(!game.heard('gate-server-1').includes('add_servers'), game.heard('gate-server-1'));
});

test('one that was killed is ready again', async () => {
  const row = async () => (await game.servers()).find(({ id }) => id === 'chat-server-1');
  const { pid } = await row();
  assert.ok(pid > 1, 'no such process'); // 0 would be this test's own group
  process.kill(pid, 'SIGKILL');
  await eventually(async () => {
    const now = await row();
    return now.ready && now.pid !== pid;
  });
});
