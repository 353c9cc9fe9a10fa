'use strict';
// A small game as pomelo's users have them: gate and connector in front, chat behind. It knows
// nothing of muster.
const fs = require('fs');
const path = require('path');
const pomelo = require('pomelo');

const app = pomelo.createApp();
app.set('name', 'interop-game');
app.configure('production|development', 'gate|connector', () => {
  app.set('connectorConfig', { connector: pomelo.connectors.hybridconnector, heartbeat: 3 });
});
app.set('monitorConfig', { closeWatcher: app.get('master').closeWatcher });
if (process.env.GAME_SYSTEM_MONITOR) app.enable('systemMonitor');

// What it hears from its master, a line each, for the test to read.
const note = (what) => fs.appendFileSync(path.join(app.getBase(), 'logs', `${app.getServerId()}.heard`),
  `${process.pid} ${what}\n`);
const idsOf = (servers) => Object.values(servers).map((server) => server.id || server).sort().join(',');
for (const event of ['add_servers', 'remove_servers', 'replace_servers'])
  app.event.on(event, (servers) => note(`${event} ${idsOf(servers)}`));
for (const event of ['add_crons', 'remove_crons'])
  app.event.on(event, (crons) => note(`${event} ${crons.map((cron) => cron.id).join(',')}`));
app.event.on('start_all', () => note('start_all'));

app.start(() => note('started'));

process.on('uncaughtException', (error) => note(`uncaught ${error.stack}`));
