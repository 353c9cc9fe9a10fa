'use strict';
const fs = require('fs');
const path = require('path');

module.exports.beforeShutdown = (app, shutDown) => {
  const file = path.join(app.getBase(), 'logs', `${app.getServerId()}.heard`);
  fs.appendFileSync(file, `${process.pid} beforeShutdown\n`);
  shutDown();
};
