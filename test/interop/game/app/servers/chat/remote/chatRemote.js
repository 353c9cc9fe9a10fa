'use strict';
module.exports = () => ({
  shout(text, done) { done(null, text.toUpperCase()); },
});
