'use strict';
// A pomelo game directory, without a muster.json and with its Node.js servers unchanged, started by
// muster and administered by pomelo's own program.
const assert = require('node:assert');
const fs = require('fs');
const path = require('path');
const { test, before, after } = require('node:test');
const { eventually, stopAll } = require('./support.js');
const { makeGame, run } = require('./master.js');

const ids = ['chat-server-1', 'chat-server-2', 'connector-server-1', 'gate-server-1'];
let game;
before(async () => {
  game = await makeGame();
  await game.launch();
  await game.ready(4);
});
after(stopAll);

const pomelo = async (...args) => {
  const program = path.join(process.env.MUSTER_INTEROP_MODULES, 'node_modules/pomelo/bin/pomelo');
  const { output, errors } = await run(process.execPath,
    [program, ...args, '-u', 'boss', '-p', 'secret', '-P', String(game.port)]);
  return (output + errors).replace(/\x1b\[\d+m/g, '');
};
const row = async (id) => (await game.servers()).find((one) => one.id === id);
const pids = async () => Object.fromEntries((await game.servers()).map(({ id, pid }) => [id, pid]));
const isBack = (id, oldPid) => eventually(async () => {
  const now = await row(id);
  return now.ready && now.pid !== oldPid && now;
});

test('all are ready, as muster and as pomelo see it', async () => {
  const rows = await game.servers();
  assert.deepStrictEqual(rows.map((one) => one.id).sort(), ids);
  assert.ok(rows.every((one) => one.state === 'ready' && one.pid > 0 && one.pomelo), JSON.stringify(rows));
  const table = await pomelo('list');
  for (const { id, type, pid } of rows) assert.match(table, new RegExp(`${id} +${type} +${pid} +\\d+\\.\\d\\d `));
  assert.match(table, new RegExp(`master-server-1 +master +${game.process.pid} +\\d+\\.\\d\\d `));
});

test('each was told of the others, and that all are started, once', async () => {
  for (const id of ids) {
    await eventually(() => game.heard(id).includes('start_all'));
    const heard = game.heard(id);
    assert.strictEqual(heard.match(/start_all/g).length, 1, heard);
    for (const other of ids.filter((one) => one !== id)) assert.ok(heard.includes(other), `${id}: ${heard}`);
    assert.ok(!heard.includes('uncaught'), heard);
  }
});

// Both in seconds since the machine's start: how long a look takes does not count.
const uptime = () => Number(fs.readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
const ticksPerSecond = 100; // of proc(5), on every Linux that Node.js runs on
const startedAt = (pid) => Number(fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[19]) / ticksPerSecond;

test('a killed server is back within a second, and the others heard of both', async () => {
  const { pid } = await row('chat-server-1');
  const began = uptime();
  assert.ok(pid > 1, 'no such process'); // 0 would be this test's own group
  process.kill(pid, 'SIGKILL');
  let next;
  await eventually(async () => {
    next = (await row('chat-server-1')).pid;
    return next !== pid && next > 0;
  });
  const wait = startedAt(next) - began;
  assert.ok(wait < 1, `${wait} s`);
  await isBack('chat-server-1', pid);
  await eventually(() => /remove_servers chat-server-1\n[^]*add_servers chat-server-1\n/.test(game.heard('gate-server-1')));
  await eventually(() => /start_all\n[^]*start_all\n/.test(game.heard('chat-server-1')));
  assert.strictEqual(game.heard('chat-server-2').match(/start_all/g).length, 1);
});

test('pomelo stop runs a server\'s shutdown hooks; muster start brings it back', async () => {
  const { pid } = await row('chat-server-2');
  assert.match(await pomelo('stop', 'chat-server-2'), /Closing the application/);
  assert.strictEqual((await row('chat-server-2')).state, 'stopped');
  assert.ok(game.heard('chat-server-2').includes(`${pid} beforeShutdown`), game.heard('chat-server-2'));
  assert.ok(!(await pomelo('list')).includes('chat-server-2'));
  assert.strictEqual((await game.muster('start', 'chat-server-2')).code, 0);
  await isBack('chat-server-2', pid);
});

test('pomelo stop of an unknown server says so', async () => {
  assert.match(await pomelo('stop', 'nobody'), /Cannot find the server to stop\./);
});

test('pomelo restart gives a new process', async () => {
  const { pid } = await row('gate-server-1');
  assert.match(await pomelo('restart', '-i', 'gate-server-1'), /Successfully restart server\./);
  await isBack('gate-server-1', pid);
  assert.match(await pomelo('restart', '-t', 'nope'), /restart servers with unknown server type: nope/);
});

test('pomelo add starts one more, which joins the others', async () => {
  const said = await pomelo('add', `host=127.0.0.1`, `port=${game.sparePort}`, 'id=chat-server-3', 'serverType=chat');
  assert.match(said, /Successfully add server\./);
  await game.ready(5);
  await eventually(() => /add_servers chat-server-3/.test(game.heard('gate-server-1')));
  assert.match(await pomelo('add', 'host=127.0.0.1', 'id=chat-server-3', 'serverType=chat'), /there is a server "chat-server-3" already/);
  assert.match(await pomelo('add', 'host=x'), /serverType|server/);
});

test('the master is killed and comes back: same processes, which join it again', async () => {
  const before = await pids();
  await game.restart();
  await game.ready(5);
  assert.deepStrictEqual(await pids(), before);
  const table = await eventually(async () => {
    const text = await pomelo('list');
    return Object.keys(before).every((id) => text.includes(id)) && text;
  });
  for (const [id, pid] of Object.entries(before)) assert.match(table, new RegExp(`${id} +\\w+ +${pid} `));
  // None was told that all the others were gone meanwhile (3.1 v).
  for (const id of ids) assert.ok(!/remove_servers.*gate-server-1.*\n.*$/.test(game.heard(id).split('start_all').pop()));
});

test('with a wrong password pomelo is told so, and nothing happens', async () => {
  const program = path.join(process.env.MUSTER_INTEROP_MODULES, 'node_modules/pomelo/bin/pomelo');
  const { output, errors, code } = await run(process.execPath,
    [program, 'stop', '-u', 'boss', '-p', 'guess', '-P', String(game.port)]);
  assert.match(output + errors, /Fail to connect to admin console server/);
  assert.strictEqual(code, 1);
  assert.ok((await game.servers()).every((one) => one.ready));
});

const areGone = (all) => all.every((pid) => !fs.existsSync(`/proc/${pid}`));

test('pomelo kill ends them all, and the master', async () => {
  const before = Object.values(await pids());
  assert.match(await pomelo('kill'), /All the servers have been terminated!/);
  assert.strictEqual(await game.exited, 0, game.log());
  assert.ok(areGone(before));
});

test('pomelo stop ends them all, and the master; started again, all are there', async () => {
  await game.launch();
  await game.ready(5);
  const before = Object.values(await pids());
  assert.match(await pomelo('stop'), /Closing the application/);
  assert.strictEqual(await game.exited, 0, game.log());
  assert.ok(areGone(before));
  await game.launch();
  await game.ready(5);
});
