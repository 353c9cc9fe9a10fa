'use strict';
module.exports = () => ({
  send(message, session, next) { next(null, { code: 200, text: message.text }); },
});
