'use strict';
// An unmodified pomelo-admin monitor, told what to do on standard input and telling on standard
// output what happens: one JSON object a line.
//   node monitor.js PORT ID TYPE [TOKEN]
const path = require('path');
const readline = require('readline');
const { createRequire } = require('module');
const load = createRequire(path.join(process.env.MUSTER_INTEROP_MODULES, 'x.js'));
load('pomelo-logger').setGlobalLogLevel('OFF');
const admin = load('pomelo-admin');

const [port, id, type, token] = process.argv.slice(2);
const tell = (what, more) => process.stdout.write(JSON.stringify({ what, ...more }) + '\n');

const info = { id, serverType: type, host: '127.0.0.1', port: 20000 + process.pid % 1000 };
if (type === 'connector') info.frontend = 'true';
const options = { id, type, host: '127.0.0.1', port: Number(port), info, env: 'development' };
if (token) options.authServer = (message, env, done) => done(token);
const monitor = admin.createMonitorConsole(options);

let answers = true;
let seen = 0;
monitor.register('echo', {
  moduleId: 'echo',
  monitorHandler(agent, message, done) {
    seen += 1;
    tell('asked', { message });
    if (answers && done) done(null, message);
  },
});
// As __console__ does: the result goes where the error should be.
monitor.register('__console__', {
  moduleId: '__console__',
  monitorHandler(agent, message, done) {
    tell('console', { message });
    if (message.signal === 'list') done({ serverId: id, body: { serverId: id, pid: process.pid } });
  },
});

const commands = {
  notify: ({ moduleId, body }) => monitor.agent.notify(moduleId, body),
  request: ({ moduleId, body, ticket }) =>
    monitor.agent.request(moduleId, body, (error, result) => tell('answer', { ticket, error, result })),
  mute: () => { answers = false; },
  speak: () => { answers = true; },
  count: () => tell('count', { seen }),
  quit: () => process.exit(0),
};
readline.createInterface({ input: process.stdin })
  .on('line', (line) => { const { what, ...rest } = JSON.parse(line); commands[what](rest); })
  .on('close', () => process.exit(0));

monitor.on('close', () => tell('close'));
monitor.on('error', (error) => tell('error', { error: String(error) }));
process.on('uncaughtException', (error) => tell('uncaught', { error: String(error.stack) }));
monitor.start((error) => tell('started', { error: error || null }));
