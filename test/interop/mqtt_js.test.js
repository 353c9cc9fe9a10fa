'use strict';
// MQTT.js (npm `mqtt`) as a client of the broker: 3.1, 3.1.1 and 5.0, QoS 0, 1 and 2.
const assert = require('assert');
const { once } = require('events');
const path = require('path');
const { test, before, after } = require('node:test');
const { Child, stopAll } = require('./support.js');
const mqtt = require(path.join(process.env.MUSTER_INTEROP_MODULES, 'node_modules', 'mqtt'));

const kVersions = [
  { name: '3.1', protocolId: 'MQIsdp', protocolVersion: 3 },
  { name: '3.1.1', protocolId: 'MQTT', protocolVersion: 4 },
  { name: '5.0', protocolId: 'MQTT', protocolVersion: 5 },
];
const kOverWebSocket = { ...kVersions[2], name: '5.0 over WebSocket', url: () => webSocketUrl };
let url, webSocketUrl;
const open = [];

before(async () => {
  const broker = new Child(process.env.MUSTER_BROKER_PROGRAM, ['--port', '0', '--ws', '0'], { plain: true });
  const portOf = async (what) => (await broker.line((l) => l.startsWith(what))).split(' ')[1];
  url = `mqtt://127.0.0.1:${await portOf('listening')}`;
  webSocketUrl = `ws://127.0.0.1:${await portOf('websocket')}/mqtt`;
});
after(async () => {
  for (const client of open) client.end(true);
  await stopAll();
});

/// Connected, with the messages it receives: `await client.next()`.
async function connect(version, options = {}) {
  const { name, url: other, ...protocol } = version;
  const client = mqtt.connect(other ? other() : url, { ...protocol, reconnectPeriod: 0, ...options });
  open.push(client);
  const arrived = [], waiting = [];
  client.on('message', (topic, payload, packet) => {
    const message = { topic, payload, qos: packet.qos, retain: packet.retain, properties: packet.properties };
    if (waiting.length > 0) waiting.shift()(message);
    else arrived.push(message);
  });
  client.next = () => new Promise((resolve, reject) => {
    if (arrived.length > 0) return resolve(arrived.shift());
    const timer = setTimeout(() => reject(new Error('no message came')), 10000);
    waiting.push((message) => { clearTimeout(timer); resolve(message); });
  });
  // What a session kept may come with the CONNACK: only now, with everything in place.
  await once(client, 'connect');
  return client;
}

for (const version of [...kVersions, kOverWebSocket]) {
  for (const qos of [0, 1, 2]) {
    const name = `${version.name} QoS ${qos}`;
    const topic = `js/${version.name}/${qos}`;

    test(`${name}: messages arrive intact and in order`, async () => {
      const client = await connect(version);
      const [granted] = await client.subscribeAsync(`${topic}/#`, { qos });
      assert.strictEqual(granted.qos, qos);
      const payloads = [Buffer.alloc(0), Buffer.from([0, 255, 128]), Buffer.alloc(300000, 'x')];
      for (const payload of payloads) await client.publishAsync(`${topic}/t`, payload, { qos });
      for (const payload of payloads) {
        const message = await client.next();
        assert.strictEqual(message.topic, `${topic}/t`);
        assert.ok(message.payload.equals(payload));
        assert.strictEqual(message.qos, qos);
      }
      await client.endAsync();
    });

    test(`${name}: the last retained message is there`, async () => {
      const client = await connect(version);
      await client.publishAsync(topic, 'old', { qos, retain: true });
      await client.publishAsync(topic, 'new', { qos, retain: true });
      await client.subscribeAsync(topic, { qos });
      const message = await client.next();
      assert.strictEqual(String(message.payload), 'new');
      assert.strictEqual(message.retain, true);
      await client.publishAsync(topic, '', { qos, retain: true });
      assert.strictEqual((await client.next()).payload.length, 0);
      await client.endAsync();
    });

    test(`${name}: a will comes when the connection breaks`, async () => {
      const watcher = await connect(version);
      await watcher.subscribeAsync(`${topic}/will`, { qos });
      const victim = await connect(version, { will: { topic: `${topic}/will`, payload: Buffer.from('gone'), qos } });
      victim.stream.destroy();
      const message = await watcher.next();
      assert.strictEqual(String(message.payload), 'gone');
      assert.strictEqual(message.qos, qos);
      await watcher.endAsync();
    });

    if (qos === 0) continue;
    test(`${name}: a session is resumed with what came meanwhile`, async () => {
      const options = { clientId: `js${version.name}${qos}`.replace(/\W/g, ''), clean: false };
      if (version.protocolVersion === 5) options.properties = { sessionExpiryInterval: 600 };
      const first = await connect(version, options);
      await first.subscribeAsync(topic, { qos });
      await first.endAsync();
      const writer = await connect(version);
      await writer.publishAsync(topic, 'for later', { qos });
      await writer.endAsync();
      const second = await connect(version, options);
      const message = await second.next();
      assert.strictEqual(String(message.payload), 'for later');
      assert.strictEqual(message.qos, qos);
      await second.endAsync();
    });
  }
}

test('5.0: properties, aliases and answers', async () => {
  const version = kVersions[2];
  const responder = await connect(version, { properties: { topicAliasMaximum: 10, receiveMaximum: 2 } });
  await responder.subscribeAsync('js/question', { qos: 1, properties: { subscriptionIdentifier: 7 } });
  const asker = await connect(version, { autoAssignTopicAlias: true });
  await asker.subscribeAsync('js/answer', { qos: 1 });
  for (const number of ['1', '2', '3']) {
    await asker.publishAsync('js/question', number, {
      qos: 1,
      properties: { responseTopic: 'js/answer', correlationData: Buffer.from(number), userProperties: { a: 'b' } },
    });
    const question = await responder.next();
    assert.strictEqual(question.properties.subscriptionIdentifier, 7);
    assert.strictEqual(question.properties.userProperties.a, 'b');
    await responder.publishAsync(question.properties.responseTopic, `re ${question.payload}`, {
      qos: 1, properties: { correlationData: question.properties.correlationData },
    });
    const answer = await asker.next();
    assert.strictEqual(String(answer.payload), `re ${number}`);
    assert.strictEqual(String(answer.properties.correlationData), number);
  }
  await Promise.all([asker.endAsync(), responder.endAsync()]);
});
