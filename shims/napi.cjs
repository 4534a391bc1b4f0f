/** `require('safeffi/napi')`. */
'use strict';

module.exports = require('./load.cjs').loadFfi();
