'use strict'
// npm mqtt-packet behind pipes. A batch on stdin: its size (4 bytes), then frames of version (1
// byte), size (4 bytes) and the bytes to parse. On stdout, also behind a size, for each frame: 0
// packet, 1 error, 2 more bytes are needed; size and text (the packet as canonical JSON, or the
// error); size and the packet as mqtt-packet writes it again (or size 0xFFFFFFFF, size and why not).
const { parser, writeToStream } = require(require.resolve('mqtt-packet', {
  paths: [process.env.MUSTER_NODE_MODULES || '.']
}))
const fs = require('fs')

const hex = (value) => Buffer.from(value, 'utf8').toString('hex')

// Names in the order of the alphabet; bytes and strings in hexadecimal, flags as numbers.
function canonical (value) {
  if (value === undefined || value === null) return 'null'
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'string' || Buffer.isBuffer(value)) return '"' + hex(value) + '"'
  if (Array.isArray(value)) return '[' + value.map(canonical).join(',') + ']'
  if (typeof value !== 'object') return String(value)
  const names = Object.keys(value).filter((name) => value[name] !== undefined).sort()
  return '{' + names.map((name) => '"' + name + '":' + canonical(value[name])).join(',') + '}'
}

// As lists what may occur several times.
function properties (from) {
  const result = { ...from }
  const ids = result.subscriptionIdentifier
  if (ids !== undefined) result.subscriptionIdentifier = [].concat(ids)
  if (result.userProperties) {
    const users = {}
    for (const name of Object.keys(result.userProperties)) {
      users[hex(name)] = [].concat(result.userProperties[name])
    }
    result.userProperties = users
  }
  return result
}

const subscription = ({ topic, qos, nl, rap, rh }) =>
  ({ filter: topic, qos, nl: nl || false, rap: rap || false, rh: rh || 0 })

const code = (packet) => (packet.reasonCode !== undefined ? packet.reasonCode : packet.returnCode) || 0

const fields = {
  connect: (p) => ({
    version: p.protocolVersion,
    clean: p.clean,
    keepalive: p.keepalive,
    clientId: p.clientId,
    username: p.username,
    password: p.password,
    will: p.will && { ...p.will, properties: properties(p.will.properties) }
  }),
  connack: (p) => ({ sessionPresent: p.sessionPresent, code: code(p) }),
  publish: (p) => ({
    topic: p.topic,
    payload: p.payload,
    qos: p.qos,
    retain: p.retain,
    dup: p.dup,
    id: p.qos > 0 ? p.messageId : 0
  }),
  subscribe: (p) => ({ id: p.messageId, subscriptions: p.subscriptions.map(subscription) }),
  suback: (p) => ({ id: p.messageId, codes: p.granted }),
  unsubscribe: (p) => ({ id: p.messageId, filters: p.unsubscriptions }),
  unsuback: (p) => ({ id: p.messageId, codes: p.granted || [] }),
  pingreq: () => ({}),
  pingresp: () => ({}),
  disconnect: (p) => ({ code: code(p) }),
  auth: (p) => ({ code: code(p) })
}
const acknowledgement = (p) => ({ id: p.messageId, code: code(p) })

function describe (packet) {
  const of = fields[packet.cmd] || acknowledgement
  const all = { cmd: packet.cmd, properties: properties(packet.properties), ...of(packet) }
  return canonical(all)
}

function parse (version, bytes) {
  let result = { status: 2, text: '' }
  const take = (next) => { if (result.status === 2) result = next }
  const one = parser({ protocolVersion: version })
  one.on('packet', (packet) => take({ status: 0, packet }))
  one.on('error', (error) => take({ status: 1, text: error.message }))
  try {
    one.parse(bytes)
  } catch (error) {
    take({ status: 1, text: 'thrown: ' + error.message })
  }
  return result
}

function write (version, packet) {
  const chunks = []
  let failure = null
  const stream = {
    write (chunk, encoding) { chunks.push(Buffer.from(chunk, encoding)); return true },
    destroy (error) { failure = failure || error.message }
  }
  try {
    writeToStream(packet, stream, { protocolVersion: packet.protocolVersion || version })
  } catch (error) {
    failure = failure || 'thrown: ' + error.message
  }
  return failure === null ? { bytes: Buffer.concat(chunks) } : { failure }
}

function sized (bytes, out) {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(bytes.length)
  out.push(size, bytes)
}

function answer (version, bytes, out) {
  const result = parse(version, bytes)
  out.push(Buffer.from([result.status]))
  if (result.status !== 0) return sized(Buffer.from(result.text), out)
  sized(Buffer.from(describe(result.packet)), out)
  const written = write(version, result.packet)
  if (written.bytes) return sized(written.bytes, out)
  out.push(Buffer.from([0xFF, 0xFF, 0xFF, 0xFF]))
  sized(Buffer.from(written.failure), out)
}

function readAll (size) {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size;) {
    const count = fs.readSync(0, bytes, at, size - at)
    if (count === 0) process.exit(0)
    at += count
  }
  return bytes
}

function writeAll (bytes) {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(1, bytes, at)
}

for (;;) {
  const batch = readAll(readAll(4).readUInt32BE(0))
  const out = []
  for (let at = 0; at < batch.length;) {
    const size = batch.readUInt32BE(at + 1)
    answer(batch[at], batch.subarray(at + 5, at + 5 + size), out)
    at += 5 + size
  }
  const reply = Buffer.concat(out)
  const total = []
  sized(reply, total)
  writeAll(Buffer.concat(total))
}
