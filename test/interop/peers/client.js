'use strict';
// An unmodified pomelo-admin admin client, driven like monitor.js.
//   node client.js PORT ID USER PASSWORD md5|clear
const path = require('path');
const readline = require('readline');
const { createRequire } = require('module');
const load = createRequire(path.join(process.env.MUSTER_INTEROP_MODULES, 'x.js'));
load('pomelo-logger').setGlobalLogLevel('OFF');
const { adminClient: AdminClient } = load('pomelo-admin');

console.log = () => {};  // the library prints on its own
const [port, id, username, password, form] = process.argv.slice(2);
const tell = (what, more) => process.stdout.write(JSON.stringify({ what, ...more }) + '\n');
const client = new AdminClient({ username, password, md5: form === 'md5' });
const answer = (ticket) => (error, result) =>
  tell('answer', { ticket, error: error === undefined ? null : error, result });

const commands = {
  request: ({ moduleId, body, ticket }) => client.request(moduleId, body, answer(ticket)),
  notify: ({ moduleId, body }) => client.notify(moduleId, body),
  command: ({ command, moduleId, body, ticket }) => client.command(command, moduleId, body || {}, answer(ticket)),
  quit: () => process.exit(0),
};
readline.createInterface({ input: process.stdin })
  .on('line', (line) => { const { what, ...rest } = JSON.parse(line); commands[what](rest); })
  .on('close', () => process.exit(0));
client.on('profiler', (message) => tell('notified', { message }));
client.on('close', () => tell('close'));
client.on('error', (error) => tell('error', { error: String(error) }));
client.connect(id, '127.0.0.1', Number(port), (error) => tell('connected', { error: error || null }));
