'use strict';
// Tells a client which connector to use.
module.exports = (app) => ({
  queryEntry(message, session, next) {
    const [connector] = app.getServersByType('connector');
    next(null, { code: 200, host: connector.clientHost || connector.host, port: connector.clientPort });
  },
});
