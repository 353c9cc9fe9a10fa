'use strict';
// What stops or deafens an original master must cost its sender's connection at most.
const assert = require('node:assert');
const { test, before, after } = require('node:test');
const peers = require('./support.js');
const { startMaster } = require('./master.js');

let master;
let admin;
before(async () => {
  master = await startMaster({ chat: 'T1' });
  await peers.startedMonitor(master.port, 'victim', 'chat', 'T1');
  admin = await peers.connectedClient(master.port, 'watcher');
});
after(peers.stopAll);

const othersAreFine = async () => {
  const { error, result } = await admin.ask('request',
    { moduleId: 'echo', body: { target: 'victim', payload: { alive: true } } });
  assert.strictEqual(error, null);
  assert.deepStrictEqual(result, { alive: true });
};

const deep = '['.repeat(20000) + ']'.repeat(20000);
const payloads = {
  'nothing': '', 'broken JSON': '{"a":', 'broken inner JSON': '"{\\"a\\":"', 'null': 'null',
  'not UTF-8': Buffer.from([0x22, 0xff, 0xfe, 0x22]),
  'an answer to __proto__': '{"respId":"__proto__"}',
  'a monitor called __proto__': '{"id":"__proto__","type":"monitor","serverType":"__proto__","info":{},"token":"T1"}',
  'a monitor without info': '{"id":"z","type":"monitor","serverType":"chat","token":"T1"}',
  'a monitor with null info': '{"id":"z","type":"monitor","serverType":"chat","token":"T1","info":null}',
  'a reconnect without info': '{"id":"z","type":"monitor","serverType":"client"}',
  'a command without body': '{"reqId":1,"command":"enable","moduleId":"echo"}',
  'a null body': '{"reqId":1,"moduleId":"watchServer","body":null}',
  'a deep body': `{"reqId":1,"moduleId":"echo","body":${deep}}`,
  'a deep message': '['.repeat(400000),
  'an empty object': '{}',
};
const topics = ['register', 'reconnect', 'monitor', 'client', 'publish', 'connect', 'pingreq', 'close', 'disconnect'];

for (const [name, payload] of Object.entries(payloads)) {
  test(`${name}, on every topic, before and after a login`, async () => {
    const raws = [];
    for (const topic of topics) {
      raws.push(new peers.Raw(master.port).send(peers.connectPacket(), peers.publishPacket(topic, payload)));
      raws.push(new peers.Raw(master.port).send(peers.publishPacket(topic, payload)));
      const login = JSON.stringify({ id: `h-${topic}`, type: 'monitor', serverType: 'chat', pid: 1,
        info: { host: 'h', port: 1 }, token: 'T1' });
      const member = new peers.Raw(master.port)
        .send(peers.connectPacket(), peers.publishPacket('register', login));
      await member.until((bytes) => bytes.includes('"code":1'));
      raws.push(member.send(peers.publishPacket(topic, payload)));
    }
    await othersAreFine();
    for (const raw of raws) await raw.stop();
    await othersAreFine();
  });
}

test('bytes that are not MQTT', async () => {
  const wrong = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), Buffer.alloc(64, 0), Buffer.alloc(64, 0xff),
    Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff]),
    peers.packet(0x10, Buffer.concat([peers.field('NOPE'), Buffer.from([4, 2, 0, 0]), peers.field('x')])),
    Buffer.concat([peers.connectPacket(), Buffer.from([0x36, 0x05, 0, 7, 0x6d, 0x6f, 0x6e])]),
    Buffer.concat([peers.connectPacket(), Buffer.from([0x30, 0x00])]),
    Buffer.concat([peers.connectPacket(), Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])]),
  ];
  const raws = wrong.map((bytes) => new peers.Raw(master.port).send(bytes));
  await Promise.all(raws.slice(0, 7).map((raw) => raw.ends()));
  await othersAreFine();
});

test('a stranger cannot become an administrator through reconnect', async () => {
  const raw = new peers.Raw(master.port).send(peers.connectPacket(), peers.publishPacket('reconnect',
    '{"id":"x","type":"client","serverType":"client","pid":1,"info":{"level":1,"username":"boss"}}'));
  await raw.ends();
  assert.ok(raw.received.includes('"code":-1'));
  assert.ok(raw.received.includes(Buffer.from([0xe0, 0x00])), 'no DISCONNECT came');
});

test('a connection that leaves without a word', async () => {
  for (let i = 0; i < 20; ++i) {
    const login = JSON.stringify({ id: `gone-${i}`, type: 'monitor', serverType: 'chat', token: 'T1' });
    const raw = new peers.Raw(master.port).send(peers.connectPacket(), peers.publishPacket('register', login));
    await raw.until((bytes) => bytes.includes('"code":1'));
    await raw.stop();
  }
  await othersAreFine();
});
