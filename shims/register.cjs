/**
 * `node --require safeffi/register program.js`: the program, and all that it loads, gets the shims where it asks for ffi-napi and ref-napi,
 * installed or not. The forks and the packages that both came from go by names of their own.
 */
'use strict';

const Module = require('node:module');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const here = (file) => join(__dirname, file);
const ffi = { require: here('napi.cjs'), import: here('napi.mjs') };
const ref = { require: here('ref.cjs'), import: here('ref.mjs') };
const bundledFfi = { ...ffi, import: here('napi-bundled.mjs') };
const bundledRef = { ...ref, import: here('ref-bundled.mjs') };
const [ffiFiles, refFiles] = process.features.require_module === true ? [ffi, ref] : [bundledFfi, bundledRef];

const replaced = new Map([
  ['ffi-napi', ffiFiles],
  ['@2060.io/ffi-napi', ffiFiles],
  ['ffi', ffiFiles],
  ['ref-napi', refFiles],
  ['@2060.io/ref-napi', refFiles],
  ['ref', refFiles],
]);

if (!globalThis[Symbol.for('safeffi.register')]) {
  globalThis[Symbol.for('safeffi.register')] = true;
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    return replaced.get(request)?.require ?? resolve.call(this, request, ...rest);
  };
  const urls = [...replaced].map(([name, files]) => [name, pathToFileURL(files.import).href]);
  Module.register(pathToFileURL(here('register-hooks.mjs')).href, { data: urls });
}
