'use strict';
// An unmodified pomelo-admin master with pomelo's own watcher and console modules, told what to do
// on standard input and telling on standard output what happens: one JSON object a line.
//   node master.js PORT TOKEN SERVERS   (SERVERS: how many its servers.json would name)
const path = require('path');
const readline = require('readline');
const { createRequire } = require('module');
const load = createRequire(path.join(process.env.MUSTER_INTEROP_MODULES, 'x.js'));
load('pomelo-logger').setGlobalLogLevel('OFF');
const admin = load('pomelo-admin');
const watcher = load('pomelo/lib/modules/masterwatcher');
const consoleModule = load('pomelo/lib/modules/console');

const [port, token, servers] = process.argv.slice(2);
const tell = (what, more) => process.stdout.write(JSON.stringify({ what, ...more }) + '\n');

// What those modules need of a pomelo application.
const application = {
  getServerId: () => 'master-server-1',
  getServersFromConfig: () => Object.fromEntries([...Array(Number(servers)).keys()].map((n) => [n, {}])),
  get: () => undefined,
  set: () => undefined,
  stop: () => tell('stop'),
};

const master = admin.createMasterConsole({
  port: Number(port),
  env: 'development',
  authServer: (message, env, done) => done(message.token === token ? 'ok' : 'bad'),
});
const register = (id, module) => master.register(id, module);
register('echo', {
  masterHandler(agent, message, done) {
    tell('noted', { message });
    if (done) done(null, message);
  },
});
const watcherModule = watcher({ app: application }, master);
register(watcher.moduleId, watcherModule);
register('__console__', consoleModule({ app: application }));

const print = (error, body) => tell('answer', { error: error === undefined ? null : error, body });
const commands = {
  // To a monitor: whatever it answers, in whichever slot.
  ask: ({ id, moduleId, body }) => master.agent.request(id, moduleId, body, print),
  notify: ({ id, moduleId, body }) => master.agent.notifyById(id, moduleId, body),
  command: ({ name, moduleId }) => master.agent.notifyCommand(name, moduleId, {}),
  // What `pomelo list` gets.
  list: () => consoleModule({ app: application })
    .clientHandler(master.agent, { signal: 'list' }, (error, body) => tell('list', { error, body })),
  isStarted: () => tell('isStarted', { isStarted: watcherModule.watchdog.isStarted }),
};
readline.createInterface({ input: process.stdin })
  .on('line', (line) => { const { what, ...rest } = JSON.parse(line); commands[what](rest); })
  .on('close', () => process.exit(0));

master.on('register', (record) => tell('register', { record }));
master.on('reconnect', (record) => tell('reconnect', { record }));
master.on('disconnect', (id) => tell('disconnect', { id }));
process.on('uncaughtException', (error) => tell('uncaught', { error: String(error.stack) }));
master.start((error) => tell('started', { error: error || null }));
