/** `require('ref-napi')` of a program whose package.json says "ref-napi": "npm:safeffi-ref-napi@…". */
'use strict';

module.exports = require('safeffi/ref');
