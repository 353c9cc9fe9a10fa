'use strict';
module.exports = () => ({
  enter(message, session, next) {
    session.bind(message.name, () => next(null, { code: 200 }));
  },
});
