'use strict';
// What goes wrong with an original master without anybody's ill will, and must not here. The letters
// are those of the table in README.md.
const assert = require('node:assert');
const fs = require('fs');
const { describe, test, before, after } = require('node:test');
const peers = require('./support.js');
const { startMaster } = require('./master.js');

describe('pitfalls', () => {
  let master;
  let admin;
  before(async () => {
    master = await startMaster();
    admin = await peers.connectedClient(master.port, 'admin-1');
  });
  after(peers.stopAll);

  const ask = (moduleId, body) => admin.ask('request', { moduleId, body });
  const echo = (target, payload) => ask('echo', { target, payload });
  const answer = (raw, request, slots) => raw.send(peers.publishPacket('monitor',
    JSON.stringify({ respId: request.reqId, ...slots })));
  const notify = (raw, moduleId, body) => raw.send(peers.publishPacket('monitor', JSON.stringify({ moduleId, body })));
  const isAlive = async (id = 'alive') => {
    const raw = await peers.Raw.member(master.port, id);
    const answered = echo(id, 'still');
    answer(raw, await raw.message('monitor', (m) => m.moduleId === 'echo'), { error: null, body: 'still' });
    assert.strictEqual((await answered).result, 'still');
  };

  // Mostly they wait: side by side.
  describe('at once', { concurrency: true }, () => {
    test('b: figures without iostat harm nobody', async () => {
      const raw = await peers.Raw.member(master.port, 'figures');
      for (const body of [{ serverId: 'figures', body: { hostname: 'h' } }, { serverId: 'figures' }, {}, null, 7,
        { serverId: 'figures', body: { iostat: null, loadavg: 'x', totalmem: {}, cpus: [] } }])
        notify(raw, 'systemInfo', body);
      notify(raw, 'nodeInfo', { serverId: 'figures' });
      const { error, result } = await ask('systemInfo', {});
      assert.strictEqual(error, null);
      assert.strictEqual(typeof result, 'object');
      await isAlive('after-figures');
    });

    test('c: a status that a server never gives ends with an error for its asker', async () => {
      const raw = await peers.Raw.member(master.port, 'no-pidstat');
      const answered = ask('watchServer', { comd: 'status', context: 'no-pidstat' });
      const request = await raw.message('monitor', (m) => m.moduleId === 'watchServer');
      assert.deepStrictEqual(request.body, { comd: 'status', context: 'no-pidstat' });
      await raw.stop();  // rather than wait for the deadline
      assert.ok((await answered).error);
    });

    test('e: connections of a server that left are an error, and the next question is answered', async () => {
      const raw = await peers.Raw.member(master.port, 'gone', { info: { host: 'h', port: 1, frontend: 'true' } });
      await raw.stop();
      await peers.eventually(async () => (await ask('watchServer', { comd: 'connections', context: 'gone' })).error);
      assert.strictEqual((await ask('watchServer', { comd: 'modules', context: 'all' })).error, null);
    });

    test('f, g: crons that make a scheduler spin or throw are refused, and no server is told', async () => {
      const raw = await peers.Raw.member(master.port, 'cron-1', { serverType: 'cron' });
      const add = (...args) => ask('__console__', { signal: 'addCron', args });
      assert.match(JSON.stringify((await add('foo')).error), /Error server parameters format\./);
      assert.match(JSON.stringify((await add('id=1')).error), /Miss necessary server parameters\./);
      for (const time of ['5/5 * * * * *', '20/15 * * * * *', '0/0 * * * * *', '5-1 * * * * *', '* * * * *',
        '* * * * * 9', '* * * * 13 *', '60 * * * * *', 'x * * * * *', ''])
        assert.ok((await add('id=1', `time=${time}`, 'action=a.b', 'serverId=cron-1')).error, time);
      const good = await add('id=1', 'time=0 30 10 * * *', 'action=a.b', 'serverId=cron-1');
      assert.deepStrictEqual([good.error, good.result], [null, { status: 'ok' }]);
      await raw.message('monitor', (m) => m.moduleId === '__console__');
      const told = raw.messages('monitor').filter((m) => m.moduleId === '__console__');
      assert.deepStrictEqual(told.map((m) => m.body), [{ signal: 'addCron',
        cron: { action: 'a.b', id: '1', serverId: 'cron-1', time: '0 30 10 * * *' } }]);
      assert.deepStrictEqual((await ask('__console__', { signal: 'removeCron', args: ['id=1', 'serverId=cron-1'] })).result,
        { status: 'ok' });
    });

    test('h: saving a script without a name is an error', async () => {
      assert.ok((await ask('scripts', { command: 'save' })).error);
      await isAlive('after-save');
    });

    test('l, u: a half-open link does not keep its owner out, nor does its end harm him', async () => {
      const old = await peers.Raw.member(master.port, 'half-open', { pid: 5 });
      old.socket.pause();  // it hears nothing, as behind a cut cable
      const back = await peers.Raw.member(master.port, 'half-open', { pid: 5 }, 'reconnect');
      old.socket.resume();
      await old.ends();
      const answered = echo('half-open', 1);
      answer(back, await back.message('monitor', (m) => m.moduleId === 'echo'), { error: null, body: 1 });
      assert.strictEqual((await answered).result, 1);
    });

    test('p: a client may log in without an environment anywhere', async () => {
      const client = await peers.connectedClient(master.port, 'p-1', 'viewer', 'look', 'clear');
      assert.strictEqual((await client.ask('request', { moduleId: 'echo', body: { n: 1 } })).error, null);
    });

    test('r: an answer nobody waits for, twice the same, and one of another\'s are dropped', async () => {
      const one = await peers.Raw.member(master.port, 'one');
      const two = await peers.Raw.member(master.port, 'two');
      const answered = echo('one', 1);
      const request = await one.message('monitor', (m) => m.moduleId === 'echo');
      answer(two, request, { error: null, body: 'stolen' });
      answer(one, { reqId: 999999 }, { error: null, body: 'unasked' });
      answer(one, request, { error: null, body: 'mine' });
      answer(one, request, { error: null, body: 'again' });
      assert.strictEqual((await answered).result, 'mine');
      await isAlive('after-answers');
    });

    test('s: who does not read is disconnected, and the master does not grow with it', async () => {
      const memory = async () => (await ask('bench', { op: 'info' })).result.rss;
          const login = JSON.stringify({ type: 'client', id: 'slow', username: 'boss', password: 'secret', md5: false });
      const slow = new peers.Raw(master.port).send(peers.connectPacket(), peers.publishPacket('register', login));
      await slow.until((bytes) => bytes.includes('"code":1'));
      const start = await memory();
      slow.socket.pause();
      const question = peers.publishPacket('client', JSON.stringify(
        { reqId: 1, moduleId: 'echo', body: 'x'.repeat(512 << 10) }));
      let isOver = false;
      slow.socket.on('error', () => { isOver = true; });
      for (let i = 0; i < 90 && !isOver && !slow.isClosed; ++i)
        await new Promise((resolve) => slow.socket.write(question, resolve));
      assert.ok((await memory()) - start < 64 << 20, `${(await memory()) - start} bytes more`);
      slow.socket.resume();
      await slow.ends();
    });

    test('t: a message above the limit costs its sender\'s connection', async () => {
      const raw = await peers.Raw.member(master.port, 'large');
      raw.send(peers.publishPacket('monitor', JSON.stringify({ moduleId: 'echo', body: 'x'.repeat(2 << 20) })));
      await raw.ends();
      await isAlive('after-large');
    });

    test('ids of requests are echoed as they came; falsy ones make notifies', async () => {
      const raw = await peers.Raw.member(master.port, 'ids');
      for (const id of ['0', '""', 'null', 'false', '7', '"x"', '"8"'])
        raw.send(peers.publishPacket('monitor', `{"reqId":${id},"moduleId":"echo","body":1}`));
      await raw.message('monitor', (m) => m.respId === '8');
      assert.deepStrictEqual(raw.messages('monitor').filter((m) => 'respId' in m).map((m) => m.respId), [7, 'x', '8']);
    });

    test('both payload encodings are understood, and level 3 of the protocol too', async () => {
      const registration = peers.registration('raw-1');
      const raw = new peers.Raw(master.port).send(peers.connectPacket(3, 'MQIsdp', 'short'),
        peers.publishPacket('register', JSON.stringify(registration)));
      assert.deepStrictEqual(await raw.message('register', () => true), { code: 1, msg: 'ok' });
      const single = '{"reqId":1,"moduleId":"echo","body":{"form":"single"}}';
      raw.send(peers.publishPacket('monitor', single),
        peers.publishPacket('monitor', JSON.stringify(single.replace('1', '"x"').replace('single', 'double'))));
      assert.deepStrictEqual(await raw.message('monitor', (m) => m.respId === 1),
        { respId: 1, error: null, body: { form: 'single' } });
      assert.deepStrictEqual(await raw.message('monitor', (m) => m.respId === 'x'),
        { respId: 'x', error: null, body: { form: 'double' } });
    });

    test('PINGREQ is answered; DISCONNECT deregisters, whether or not the socket is closed', async () => {
      const raw = await peers.Raw.member(master.port, 'pings');
      raw.send(Buffer.from([0xc0, 0]));
      await raw.until((bytes) => bytes.includes(Buffer.from([0xd0, 0])));
      raw.send(Buffer.from([0xe0, 0]));
      await peers.eventually(async () => (await echo('pings', 1)).error);
    });

    test('a refused registration gets its code and DISCONNECT', async () => {
      for (const [topic, text, words] of [
        ['register', { type: 'robot', id: 'x' }, 'unknown auth master type'],
        ['register', { type: 'client', id: 'x', username: '', password: '' }, 'client should auth with username'],
        ['reconnect', JSON.parse(peers.registration('never-seen')), 'server auth failed']]) {
        const raw = new peers.Raw(master.port).send(peers.connectPacket(), peers.publishPacket(topic, JSON.stringify(text)));
        await raw.ends();
        assert.deepStrictEqual(raw.messages(topic === 'register' ? topic : 'reconnect_ok')[0], { code: -1, msg: words });
        assert.ok(raw.received.includes(Buffer.from([0xe0, 0])), 'no DISCONNECT came');
      }
    });

    test('no names that are somebody else\'s: users, the master, nodes', async () => {
      for (const id of ['boss', 'master', 'admin', 'anonymous', 'node-x', '__proto__', '../x', ''])
        for (const more of [{}, { serverType: 'node' }]) {
          const raw = new peers.Raw(master.port).send(peers.connectPacket(),
            peers.publishPacket('register', peers.registration(id, more)));
          await raw.ends();
          assert.ok(!raw.received.includes('"code":1'), `${id} ${JSON.stringify(more)}`);
        }
    });

    test('q: after its end the port is free at once; n: clients wait for it', async () => {
      const other = await startMaster();
      await other.restart();  // on the same port
      const client = await peers.connectedClient(other.port, 'q-1');
      assert.strictEqual((await client.ask('request', { moduleId: 'echo', body: { n: 1 } })).error, null);
    });
  });

  test('all that left no trace but counters: the master is the same process', async () => {
    assert.strictEqual(master.process.exitCode, null);
    assert.ok(fs.existsSync(`/proc/${master.process.pid}`));
    assert.ok(!/ fatal |terminate|Assertion/.test(master.log()));
  });
});
