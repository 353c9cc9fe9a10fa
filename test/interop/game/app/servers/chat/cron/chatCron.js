'use strict';
module.exports = () => ({ tick() {} });
