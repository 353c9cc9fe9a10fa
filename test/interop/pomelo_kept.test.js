'use strict';
// Requests that a monitor did not answer before its link was lost: sent once more to the same
// process, never to another one, never past their deadline, and answered once.
const assert = require('node:assert');
const { test, before, after } = require('node:test');
const peers = require('./support.js');
const { startMaster } = require('./master.js');

let master;
let admin;
let patient;  // a client that waits for `inVain`, which nobody answers, while the others are tested
let mute;
let inVain;
before(async () => {
  master = await startMaster();
  admin = await peers.connectedClient(master.port, 'admin-1');
  patient = await peers.connectedClient(master.port, 'admin-2');
  mute = await peers.Raw.member(master.port, 'mute', { pid: 7 });
  inVain = patient.ask('request', { moduleId: 'echo', body: { target: 'mute', payload: 'in vain' } });
});
after(peers.stopAll);

const echo = (target, payload) => admin.ask('request', { moduleId: 'echo', body: { target, payload } });
const requests = (raw) => raw.messages('monitor').filter((message) => message.moduleId === 'echo');
const answerOf = (request, body) => peers.publishPacket('monitor',
  JSON.stringify(JSON.stringify({ respId: request.reqId, error: null, body })));
/// A monitor that was asked, did not answer, and lost its link; and the answer that is waited for.
async function askedAndLost(id, payload) {
  const raw = await peers.Raw.member(master.port, id);
  const answered = echo(id, payload);
  const request = await raw.message('monitor', (message) => message.moduleId === 'echo');
  assert.strictEqual(typeof request.reqId, 'number');
  await raw.stop();
  await raw.closed;
  return { request, answered };
}

for (const topic of ['reconnect', 'register']) {
  test(`the same process that comes back by ${topic} gets it once more, with its number as text`, async () => {
    const id = `back-${topic}`;
    const { request, answered } = await askedAndLost(id, { kept: topic });
    const again = await peers.Raw.member(master.port, id, {}, topic);
    const repushed = await again.message('monitor', (message) => message.moduleId === 'echo');
    assert.strictEqual(repushed.reqId, String(request.reqId));
    assert.deepStrictEqual(repushed.body, { kept: topic });
    // Not before the acknowledgement: a monitor drops what comes earlier.
    const ack = again.received.indexOf('"code":1');
    assert.ok(ack >= 0 && ack < again.received.indexOf('echo'));
    again.send(answerOf(repushed, 'late'), answerOf(repushed, 'twice'), answerOf(request, 'thrice'));
    assert.deepStrictEqual(await answered, { what: 'answer', error: null, result: 'late' });
    // Answered: neither in this life nor the next connection is it sent again.
    await again.stop();
    await again.closed;
    const third = await peers.Raw.member(master.port, id, {}, 'reconnect');
    const next = echo(id, 'next');
    await third.message('monitor', (message) => message.body === 'next');
    assert.strictEqual(requests(third).length, 1);
    third.send(answerOf(requests(third)[0], 'ok'));
    await next;
  });
}

test('one that was sent again is not sent a third time', async () => {
  const { answered } = await askedAndLost('thrice', { kept: 3 });
  for (let i = 0; i < 2; ++i) {
    const again = await peers.Raw.member(master.port, 'thrice', {}, 'reconnect');
    await again.stop();
    await again.closed;
  }
  const last = await peers.Raw.member(master.port, 'thrice', {}, 'reconnect');
  const next = echo('thrice', 'next');
  const request = await last.message('monitor', (message) => message.body === 'next');
  assert.strictEqual(requests(last).length, 1);
  last.send(answerOf(request, 'ok'));
  const results = [await answered, await next].map((one) => one.result || one.error);
  assert.ok(results.includes('ok'), JSON.stringify(results));
});

test('a new process of the same id is not given what the old one was asked', async () => {
  const { answered } = await askedAndLost('anew', { kept: 'for the old one' });
  const fresh = await peers.Raw.member(master.port, 'anew', { pid: 2 });
  assert.match(String((await answered).error), /started anew|left/);
  const next = echo('anew', 'next');
  const request = await fresh.message('monitor', (message) => message.body === 'next');
  assert.strictEqual(requests(fresh).length, 1);
  fresh.send(answerOf(request, 'ok'));
  assert.strictEqual((await next).result, 'ok');
});

test('a take-over by a new process: the old link is closed, others hear of a leave and a join', async () => {
  const watcher = await peers.Raw.member(master.port, 'watcher', { pid: 9 });
  watcher.send(peers.publishPacket('monitor', JSON.stringify(
    { reqId: 1, moduleId: '__masterwatcher__', body: { action: 'subscribe', id: 'watcher' } })));
  await watcher.message('monitor', (message) => message.respId === 1);
  const old = await peers.Raw.member(master.port, 'taken', { pid: 3 });
  const answered = echo('taken', 'unanswered');
  await old.message('monitor', (message) => message.body === 'unanswered');
  const fresh = await peers.Raw.member(master.port, 'taken', { pid: 4 });
  await old.ends();
  assert.ok((await answered).error);
  const told = () => watcher.messages('monitor').filter((message) => message.moduleId === '__monitorwatcher__')
    .map(({ body }) => [body.action, body.id || body.server?.pid]);
  await watcher.until(() => told().length === 3);
  assert.deepStrictEqual(told(), [['addServer', 3], ['removeServer', 'taken'], ['addServer', 4]]);
  // The displaced one tries again, as unmodified monitors do, and does not get the id back.
  const displaced = new peers.Raw(master.port).send(peers.connectPacket(),
    peers.publishPacket('reconnect', peers.registration('taken', { pid: 3 })));
  await displaced.ends();
  assert.strictEqual(displaced.messages('reconnect_ok')[0].code, -1);
  assert.ok(!fresh.isClosed);
});

test('a short loss of the link is told to nobody', async () => {
  const watcher = await peers.Raw.member(master.port, 'blip-watcher', { pid: 9 });
  watcher.send(peers.publishPacket('monitor', JSON.stringify(
    { reqId: 1, moduleId: '__masterwatcher__', body: { action: 'subscribe', id: 'blip-watcher' } })));
  await watcher.message('monitor', (message) => message.respId === 1);
  const first = await peers.Raw.member(master.port, 'blip', { pid: 5 });
  await watcher.message('monitor', (message) => message.body?.server?.id === 'blip');
  await first.stop();
  await first.closed;
  await peers.Raw.member(master.port, 'blip', { pid: 5 }, 'reconnect');
  await peers.Raw.member(master.port, 'blip-2', { pid: 6 });
  await watcher.message('monitor', (message) => message.body?.server?.id === 'blip-2');
  assert.ok(!JSON.stringify(watcher.messages('monitor')).includes('removeServer'));
});

test('a request to a server that is not there fails at once and is not kept (3.1 r)', async () => {
  const { error } = await echo('not-yet', 'too early');
  assert.strictEqual(error.message, 'unknown server id:not-yet');
  const raw = await peers.Raw.member(master.port, 'not-yet');
  const next = echo('not-yet', 'next');
  const request = await raw.message('monitor', (message) => message.body === 'next');
  assert.strictEqual(requests(raw).length, 1);
  raw.send(answerOf(request, 'ok'));
  await next;
});

test('past its deadline it is answered with an error and not sent again', async () => {
  const { error } = await inVain;  // 10 s after it was asked
  assert.match(JSON.stringify(error), /time|answer/i);
  await mute.stop();
  await mute.closed;
  const again = await peers.Raw.member(master.port, 'mute', { pid: 7 }, 'reconnect');
  const next = echo('mute', 'next');
  const request = await again.message('monitor', (message) => message.body === 'next');
  assert.strictEqual(requests(again).length, 1);
  again.send(answerOf(request, 'ok'));
  assert.strictEqual((await next).result, 'ok');
});
