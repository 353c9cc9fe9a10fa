'use strict';
// Every command of pomelo-cli: what matters first is that each is answered, since it prompts again
// only then.
const { test, before, after } = require('node:test');
const peers = require('./support.js');
const { Cli } = require('./cli.js');

let cli;
before(async () => {
  const master = await peers.startMaster();
  await peers.startedMonitor(master.port, 'connector-server-1', 'connector');
  cli = new Cli(master.port, 'boss', 'secret');
  await cli.prompt();
});
after(peers.stopAll);

for (const line of ['help', '?', 'help show', 'show servers', 'show connections', 'show modules',
  'show status', 'show config master', 'use connector-server-1', 'show logins', 'show status',
  'show config proxy', 'show proxy', 'show handler', 'show components', 'show settings', 'get name',
  'set foo bar', 'run 1+1', 'enable app rpcDebugLog', 'disable app rpcDebugLog', 'enable module echo', 'disable module nope',
  'dump cpu /tmp/x 1', 'use all', 'use nobody', 'nonsense']) {
  test(`'${line}' brings the prompt back`, () => cli.run(line));
}

for (const line of ['stop nobody', 'add id=x', 'addCron foo', 'addCron serverId=x id=1',
  'removeCron foo', 'blacklist 10.0.0.1']) {
  test(`'${line}' asks first and brings the prompt back`, () => cli.run(line, 'yes'));
}
