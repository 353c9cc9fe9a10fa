'use strict';
// Every command of pomelo-cli, typed by hand, in a cluster of Node.js and C++ servers: each brings
// the prompt back, and prints what it prints with an original master.
const assert = require('node:assert');
const fs = require('fs');
const path = require('path');
const { describe, test, before, after } = require('node:test');
const { eventually, stopAll } = require('./support.js');
const { makeGame } = require('./master.js');
const { Cli } = require('./cli.js');

const nodeIds = ['chat-server-1', 'chat-server-2', 'connector-server-1', 'gate-server-1'];

describe('pomelo-cli', () => {
  let game;
  let cli;
  let slow;
  before(async () => {
    process.env.GAME_SYSTEM_MONITOR = '1';  // as games have that use exec
    game = await makeGame({ native: true });
    await game.launch();
    await game.ready(5);
    cli = new Cli(game.port, 'boss', 'secret');
    await cli.prompt();
    const other = new Cli(game.port, 'boss', 'secret');
    await other.prompt();
    await other.run('use chat-server-1');
    slow = other.run('show status');  // without pidstat(1) that server never answers
  });
  after(stopAll);

  const use = (context) => before(async () => {
    assert.match(await cli.run(`use ${context}`), new RegExp(`switch to server: ${context}`));
  });
  const prints = (line, ...words) => test(`${line}`, async () => {
    const text = await cli.run(line);
    for (const word of words) assert.match(text, word);
  });

  describe('context all', () => {
    prints('help', /List of all Pomelo commands/, /removeCron/);
    prints('?', /List of all Pomelo commands/);
    for (const command of ['add', 'addCron', 'blacklist', 'disable', 'dump', 'enable', 'exec', 'get', 'kill',
      'removeCron', 'run', 'set', 'show', 'stop', 'use']) prints(`help ${command}`, new RegExp(command));
    prints('nonsense', /unknow command : nonsense/);
    prints('use nobody', /error for serverId nobody not in pomelo clusters/);
    prints('show modules', /watchServer/, /__console__/, /__masterwatcher__/, /echo/);
    prints('show config master', /masterInfo/, /master-server-1/);
    for (const line of ['show status', 'show logins', 'show proxy', 'show handler', 'show components', 'show settings', 'get name',
      'set foo bar', 'run 1+1', 'exec x.js', 'enable app x', 'enable module echo', 'disable app x', 'dump memory /tmp/x', 'dump cpu /tmp/x 1']) prints(line, /this command is not used in this context/);

    test('show servers', async () => {
      const text = await cli.run('show servers');
      assert.match(text, /serverId +serverType +host +port +pid +heapUsed\(M\) +uptime\(m\)/);
      for (const { id, type, pid } of await game.servers())
        assert.match(text, new RegExp(`${id} +${type} +127\\.0\\.0\\.1 +(\\d+|null) +${pid} +\\d+\\.\\d\\d +\\d+\\.\\d\\d`));
      assert.match(text, /gate-server-1 +gate +127\.0\.0\.1 +null/);
    });
    test('show connections', async () => {
      const text = await cli.run('show connections');
      assert.match(text, /serverId +totalConnCount +loginedCount/);
      for (const id of ['connector-server-1', 'gate-server-1']) assert.match(text, new RegExp(`${id} +0 +0`));
      assert.doesNotMatch(text, /chat-server|area/);
    });
  });

  describe('a Node.js server', () => {
    use('connector-server-1');
    prints('show logins', /no user logined in this connector/);
    prints('show connections', /connector-server-1 +0 +0/);
    prints('show config connector', /heartbeat.* 3/);
    prints('show config nope', /\{\}/);
    prints('show proxy', /connector: \{\}/);
    prints('show handler', /no handler loaded/);
    prints('show components', /connector: \{ heartbeat: 3 \}/);
    prints('show settings', /interop-game/);
    prints('get name', /'interop-game'/);
    prints('set foo bar', /'set foo:bar ok'/);
    prints('get foo', /'bar'/);
    prints('run 1+1', /2/);
    prints('run app.getServerId()', /connector-server-1/);
    prints('run nope.nope', /ReferenceError/);
    prints('enable app rpcDebugLog', /enable rpcDebugLog ok/);
    prints('disable app rpcDebugLog', /disable rpcDebugLog ok/);
    prints('disable module echo', /command disable module echo ok/);
    prints('enable module echo', /command enable module echo ok/);
    prints('enable module nope', /command enable module nope bad/);
    prints('dump cpu /tmp/x 1', /cpu dump is unused/);
    prints('dump memory relative', /filepath|heapdump/);
    test('exec', async () => {
      const file = path.join(game.directory, 'script.js');
      fs.writeFileSync(file, 'result = JSON.stringify({ sum: 1 + 2 });');
      assert.match(await cli.run(`exec ${file}`), /sum.*3/);
      fs.writeFileSync(file, 'throw new Error("on purpose");');
      assert.match(await cli.run(`exec ${file}`), /on purpose/);
    });
  });

  describe('a C++ server', () => {
    use('area-1');
    prints('show status', /time +serverId +serverType +pid +cpuAvg/, /area-1 +area/);
    prints('show config nope', /\{\}/);
    prints('set foo bar', /'set foo:bar ok'/);
    prints('get foo', /'bar'/);
    prints('get nope', /null|undefined/);
    prints('show settings', /foo.*bar/);
    prints('enable app x', /enable x ok/);
    prints('disable app x', /disable x ok/);
    prints('show logins', /this command should be applied to frontend server/);
    for (const line of ['show proxy', 'show handler', 'show components', 'run 1+1', 'dump memory /tmp/x', 'dump cpu /tmp/x 1'])
      prints(line, /not supported/);
    test('exec', async () => {
      assert.match(await cli.run(`exec ${path.join(game.directory, 'app.js')}`), /not supported/);
    });
  });

  test('a status that never comes brings the prompt back all the same', async () => {
    assert.match(await slow, /chat-server-1|rror|no answer|timed/i);
    for (const id of nodeIds) assert.doesNotMatch(game.heard(id), /uncaught/);
  });

  test('quit', async () => {
    cli.child.process.stdin.write('quit\n');
    await cli.until((text) => /bye boss/.test(text));
    assert.strictEqual(await cli.child.exited, 0);
  });

  describe('what asks for a yes', () => {
    before(async () => {
      cli = new Cli(game.port, 'boss', 'secret');
      await cli.prompt();
    });
    test('a no changes nothing', async () => {
      for (const line of ['kill', 'stop all']) await cli.run(line, 'no');
      assert.strictEqual((await game.servers()).filter((row) => row.ready).length, 5);
    });
    test('add', async () => {
      const line = `add host=127.0.0.1 port=${game.sparePort} serverType=chat id=chat-server-3`;
      assert.doesNotMatch(await cli.run(line, 'yes'), /rror/);
      await game.ready(6);
      assert.match(await cli.run(line, 'yes'), /there is a server "chat-server-3" already/);
      assert.match(await cli.run('add id=x', 'yes'), /serverType/);
      assert.match(await cli.run('add foo', 'yes'), /Error server parameters format/);
    });
    test('addCron and removeCron', async () => {
      const line = "addCron id=8 'time=0 30 10 * * *' action=chatCron.tick serverId=chat-server-1";
      assert.doesNotMatch(await cli.run(line, 'yes'), /rror/);
      await eventually(() => /add_crons 8/.test(game.heard('chat-server-1')));
      assert.doesNotMatch(await cli.run('removeCron id=8 serverId=chat-server-1', 'yes'), /rror/);
      await eventually(() => /remove_crons 8/.test(game.heard('chat-server-1')));
      assert.match(await cli.run('addCron foo', 'yes'), /Error server parameters format/);
      assert.match(await cli.run('addCron id=1 serverId=x', 'yes'), /Miss necessary server parameters/);
      assert.match(await cli.run("addCron id=1 'time=0 30 10 * * *' action=a.b serverId=area-1", 'yes'), /no crons/);
      assert.match(await cli.run('removeCron foo', 'yes'), /Error server parameters format/);
    });
    test('blacklist', async () => {
      assert.doesNotMatch(await cli.run('blacklist 10.0.0.1 10.0.0.2', 'yes'), /rror/);
      await cli.run('use connector-server-1');
      assert.match(await cli.run('run app.components.__connector__.blacklist'), /10\.0\.0\.1.*10\.0\.0\.2/s);
      await cli.run('use all');
      assert.match(await cli.run('blacklist nonsense', 'yes'), /no IPv4 address/);
    });
    test('stop of one, of an unknown one and of all', async () => {
      assert.doesNotMatch(await cli.run('stop chat-server-2', 'yes'), /rror/);
      assert.match(game.heard('chat-server-2'), /beforeShutdown/);
      assert.match(await cli.run('stop nobody', 'yes'), /Cannot find the server to stop\./);
      await cli.run('stop area-1', 'yes');
      const left = (await game.servers()).filter((row) => row.state !== 'stopped').map((row) => row.id);
      assert.deepStrictEqual(left.sort(), ['chat-server-1', 'chat-server-3', 'connector-server-1', 'gate-server-1']);
      const pids = (await game.servers()).map((row) => row.pid).filter((pid) => pid > 0);
      await cli.run('stop all', 'yes');
      assert.strictEqual(await game.exited, 0, game.log());  // as pomelo's master does
      assert.ok(pids.every((pid) => !fs.existsSync(`/proc/${pid}`)));
    });
    test('kill', async () => {
      await game.launch();
      const pids = (await game.ready(4)).map((row) => row.pid).filter((pid) => pid > 0);
      const killer = new Cli(game.port, 'boss', 'secret');
      await killer.prompt();
      await killer.run('kill', 'yes');
      assert.strictEqual(await game.exited, 0, game.log());
      assert.ok(pids.every((pid) => !fs.existsSync(`/proc/${pid}`)));
    });
  });
});
