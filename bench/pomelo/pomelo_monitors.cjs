// N of pomelo-admin's own monitors in this process, with modules `bench` and `echo`.
// Usage: node pomelo_monitors.cjs --port P [--n 1] [--prefix real-] [--conc 50]
// Prints "REGISTERED n ms" when all are. The library ends the process when a first connect fails or
// takes more than 5 s, so only some connect at a time.
'use strict';
const admin = require('pomelo-admin');
require('pomelo-logger').setGlobalLogLevel('ERROR');

const options = { n: '1', prefix: 'real-', conc: '50' };
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];
const count = Number(options.n), begun = Date.now();
let started = 0, registered = 0;

function benchModule() {
    let seen = 0;
    return {
        moduleId: 'bench',
        monitorHandler(agent, message, done) {
            if (message.e) return done(null, message);
            if (message.op === 'reset') seen = 0;
            if (message.op === 'reset' || message.op === 'count') return done(null, { n: seen });
            seen++;
        },
    };
}

const echoModule = () => ({ moduleId: 'echo', monitorHandler(agent, message, done) { done(null, message); } });

function startOne() {
    const index = ++started, id = options.prefix + index;
    const monitor = admin.createMonitorConsole({
        id, type: 'real', host: '127.0.0.1', port: Number(options.port), env: 'development',
        info: { id, serverType: 'real', host: '127.0.0.1', port: 20000 + index },
        authServer: (message, env, done) => done('ok'),
    });
    monitor.register('bench', benchModule());
    monitor.register('echo', echoModule());
    monitor.on('error', (error) => console.error(id, error));
    monitor.start((error) => {
        if (error) throw new Error(id + ': ' + error);
        if (++registered === count) process.stdout.write(`REGISTERED ${count} ${Date.now() - begun}\n`);
        else if (started < count) startOne();
    });
}

for (let i = 0; i < Math.min(Number(options.conc), count); i++) startOne();
