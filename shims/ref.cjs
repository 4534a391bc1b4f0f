/** `require('safeffi/ref')`. */
'use strict';

module.exports = require('./load.cjs').loadRef();
