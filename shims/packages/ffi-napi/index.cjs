/** `require('ffi-napi')` of a program whose package.json says "ffi-napi": "npm:safeffi-ffi-napi@…". */
'use strict';

module.exports = require('safeffi/napi');
