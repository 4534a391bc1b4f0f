/**
 * `mocha --require hook.cjs`: what the suites of the originals get where they require something. The files themselves are those of
 * the npm packages, byte for byte. UPSTREAM_SUBJECT says what is tested: `safeffi`, or `original` for the native modules of ffi-napi
 * and ref-napi, with which this harness is proved. UPSTREAM_LIBRARY is the compiled fixture, UPSTREAM_MODULES where the packages are.
 */
'use strict';

const Module = require('node:module');
const { basename, dirname } = require('node:path');
const { arrayBindings, ffiBindings, unionBindings } = require('./fixture.cjs');

const { UPSTREAM_SUBJECT: subject, UPSTREAM_LIBRARY: library, UPSTREAM_MODULES: modules } = process.env;
const load = Module._load;

const ofPackage = Module.createRequire(require.resolve('../../package.json'));
const originals = new Set(['ffi-napi', 'ref-napi']);
const shimOf = (name) => ofPackage(name === 'ffi-napi' ? 'safeffi/napi' : 'safeffi/ref');
const provide = subject === 'original' ? Module.createRequire(`${modules}/`) : shimOf;

const bindingsOf = {
  'ffi-napi': () => ffiBindings(provide('ffi-napi'), library),
  'ref-array-di': () => arrayBindings(provide('ffi-napi'), library),
  'ref-union-di': () => unionBindings(provide('ffi-napi'), library),
};

/** The package whose test asks, or undefined. */
function testedPackage(parent) {
  const folder = dirname(parent?.filename ?? '');
  return basename(folder) === 'test' ? basename(dirname(folder)) : undefined;
}

Module._load = function (request, parent, isMain) {
  const tested = testedPackage(parent);
  if (tested !== undefined) {
    if (request === '../' && originals.has(tested)) return provide(tested);
    if (request === 'ref' || request === 'ref-napi') return provide('ref-napi');
    if (request === 'node-gyp-build') return () => bindingsOf[tested]();
    if (request === 'bindings') return bindingsOf[tested];
  }
  return load.call(this, request, parent, isMain);
};
