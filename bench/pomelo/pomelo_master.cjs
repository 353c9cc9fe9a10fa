// The original's master console with a load module inside, as the peer to measure against.
// Usage: node pomelo_master.cjs PORT CONFIG_DIR   (CONFIG_DIR holds adminUser.json)
// Prints "READY pid". The module `bench` has the same operations as muster's.
'use strict';
const path = require('path');
const { performance } = require('perf_hooks');
const [port, configDir] = [Number(process.argv[2]), path.resolve(process.argv[3])];
const admin = require('pomelo-admin');

const users = require(path.join(configDir, 'adminUser.json'));
const crypto = require('crypto');
const md5 = (text) => crypto.createHash('md5').update(text).digest('hex');

// The library looks for adminUser.json beside the main script; the hook reads it from CONFIG_DIR.
function authUser(message, env, done) {
    const user = users.find((u) => u.username === message.username);
    const proof = message.md5 ? message.password : md5(String(message.password));
    done(user && md5(user.password) === proof ? user : null);
}

function summary(microseconds, startedAt, startedCpu, count) {
    const cpu = process.cpuUsage(startedCpu);
    const sorted = Float64Array.from(microseconds).sort();
    const at = (q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] || 0;
    const elapsed = performance.now() - startedAt;
    return { ms: elapsed, perSec: count / elapsed * 1e3, cpuUsPerMsg: (cpu.user + cpu.system) / count, p50: at(0.5), p99: at(0.99) };
}

function benchModule() {
    let seen = 0;
    const padding = (size) => 'x'.repeat(size || 0);
    const operations = {
        info(agent, message, done) {
            const memory = process.memoryUsage(), cpu = process.cpuUsage();
            done(null, { pid: process.pid, rss: memory.rss, cpu, monitors: Object.keys(agent.idMap).length });
        },
        mcount(agent, message, done) {
            const n = seen;
            if (message.reset) seen = 0;
            done(null, { n });
        },
        reqrep(agent, message, done) {
            const ids = message.target ? [message.target] : Object.keys(agent.idMap);
            const body = { e: 1, d: padding(message.size) }, total = message.total;
            const times = new Float64Array(total), cpu = process.cpuUsage(), started = performance.now();
            let sent = 0, received = 0;
            const next = () => {
                if (sent >= total) return;
                const index = sent++, at = performance.now();
                agent.request(ids[index % ids.length], 'bench', body, () => {
                    times[index] = (performance.now() - at) * 1e3;
                    if (++received === total) done(null, Object.assign({ total }, summary(times, started, cpu, total)));
                    else next();
                });
            };
            for (let i = 0; i < Math.min(message.inflight || 1, total); i++) next();
        },
        notify(agent, message, done) {
            const target = message.target || Object.keys(agent.idMap)[0];
            const body = { d: padding(message.size) };
            agent.request(target, 'bench', { op: 'reset' }, () => {
                const cpu = process.cpuUsage(), started = performance.now();
                let left = message.total;
                const burst = () => {
                    for (let i = Math.min(left, 1000); i > 0; i--, left--) agent.notifyById(target, 'bench', body);
                    if (left > 0) return setImmediate(burst);
                    agent.request(target, 'bench', { op: 'count' }, (error, answer) => {
                        done(null, Object.assign({ total: message.total, got: answer && answer.n }, summary([0], started, cpu, message.total)));
                    });
                };
                burst();
            });
        },
        // Isolated rounds of notifyAll: until every socket has handed its bytes to the kernel.
        notifyOnly(agent, message, done) {
            const ids = Object.keys(agent.idMap), rounds = message.rounds || 20, body = { d: padding(message.size) };
            const times = [];
            let cpuTotal = 0;
            const round = () => {
                const cpu = process.cpuUsage(), started = performance.now();
                agent.notifyAll('bench', body);
                const flushed = () => {
                    const busy = ids.some((id) => agent.idMap[id] && agent.idMap[id].socket.stream.writableLength > 0);
                    if (busy) return setImmediate(flushed);
                    const used = process.cpuUsage(cpu);
                    cpuTotal += used.user + used.system;
                    times.push((performance.now() - started) * 1e3);
                    if (times.length < rounds) return setTimeout(round, 15);
                    const sorted = times.sort((a, b) => a - b);
                    done(null, { N: ids.length, rounds, cpuUsPerMsg: cpuTotal / (ids.length * rounds), p50: sorted[rounds >> 1], p99: sorted[rounds - 1] });
                };
                flushed();
            };
            round();
        },
    };
    return {
        moduleId: 'bench',
        masterHandler(agent, message, done) {
            if (message && message.e) return done(null, message);
            seen++;
        },
        monitorHandler(agent, message, done) { done(null, message); },
        clientHandler(agent, message, done) {
            const operation = operations[message.op];
            if (!operation) return done('unknown op ' + message.op);
            operation(agent, message, done);
        },
    };
}

const console_ = admin.createMasterConsole({ port, env: 'development', authUser, authServer: (message, env, done) => done('ok') });
console_.register('bench', benchModule());
console_.start((error) => {
    if (error) throw error;
    process.stdout.write('READY ' + process.pid + '\n');
});
