'use strict';
// MQTT.js (npm `mqtt`) over TLS, WebSocket, and WebSocket over TLS.
const assert = require('assert');
const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { test, before, after } = require('node:test');
const { Child, stopAll } = require('./support.js');
const mqtt = require(path.join(process.env.MUSTER_INTEROP_MODULES, 'node_modules', 'mqtt'));

const kVersions = [
  { name: '3.1', protocolId: 'MQIsdp', protocolVersion: 3 },
  { name: '3.1.1', protocolId: 'MQTT', protocolVersion: 4 },
  { name: '5.0', protocolId: 'MQTT', protocolVersion: 5 },
];
const kSchemes = ['mqtts', 'ws', 'wss'];
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-js-'));
const file = (name) => path.join(folder, name);
const urls = {};

function openssl(...words) {
  execFileSync('openssl', words, { stdio: 'pipe' });
}

/// A certificate for localhost that signs itself: it is its own authority.
function makeCertificate() {
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-keyout', file('key'), '-out', file('cert'), '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost');
  fs.chmodSync(file('key'), 0o600);
}

before(async () => {
  makeCertificate();
  for (const scheme of kSchemes) {
    const words = ['--port', '0'];
    if (scheme.startsWith('ws')) words.push('--web-socket');
    if (scheme !== 'ws') words.push('--cert', file('cert'), '--key', file('key'));
    const broker = new Child(process.env.MUSTER_BROKER_PROGRAM, words, { plain: true });
    const line = await broker.line((l) => l.startsWith('listening '));
    urls[scheme] = `${scheme}://localhost:${line.split(' ')[1]}/mqtt`;
  }
});
after(async () => {
  await stopAll();
  fs.rmSync(folder, { recursive: true });
});

for (const scheme of kSchemes) {
  for (const version of kVersions) {
    test(`${scheme} ${version.name}: messages arrive intact and in order`, async () => {
      const { name, ...protocol } = version;
      const client = await mqtt.connectAsync(urls[scheme], {
        ...protocol, reconnectPeriod: 0, connectTimeout: 10000, ca: fs.readFileSync(file('cert')),
      });
      const topic = `${scheme}/${version.protocolVersion}`;
      const wanted = [];
      const arrived = [];
      const isDone = new Promise((resolve) => client.on('message', (at, payload, packet) => {
        arrived.push({ at, payload, qos: packet.qos });
        if (arrived.length === 6) resolve();
      }));
      await client.subscribeAsync(topic, { qos: 2 });
      for (const qos of [0, 1, 2]) {
        for (const payload of [Buffer.from([0, 255, 128]), Buffer.alloc(300000, 'x')]) {
          wanted.push({ at: topic, payload, qos });
          await client.publishAsync(topic, payload, { qos });
        }
      }
      await isDone;
      assert.deepStrictEqual(arrived, wanted);
      await client.endAsync();
    });
  }

  test(`${scheme}: many messages at once keep their order`, async () => {
    const client = await mqtt.connectAsync(urls[scheme], {
      reconnectPeriod: 0, connectTimeout: 10000, ca: fs.readFileSync(file('cert')),
    });
    const arrived = [];
    const isDone = new Promise((resolve) => client.on('message', (topic, payload) => {
      if (arrived.push(Number(payload)) === 2000) resolve();
    }));
    await client.subscribeAsync(`${scheme}/many`, { qos: 1 });
    for (let i = 0; i < 2000; ++i) client.publish(`${scheme}/many`, String(i), { qos: 1 });
    await isDone;
    assert.deepStrictEqual(arrived, Array.from({ length: 2000 }, (_, i) => i));
    await client.endAsync();
  });
}

test('ws: another path is answered in words', async () => {
  const answer = await fetch(urls.ws.replace('ws:', 'http:').replace('/mqtt', '/other'));
  assert.strictEqual(answer.status, 404);
  assert.match(await answer.text(), /the path is \/mqtt/);
});
