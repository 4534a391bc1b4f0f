/**
 * The shims for `require`. Where Node can require ES modules (20.19, 22.12 and later) these are the modules that `import` gets; before
 * that, one bundle of them (tools/bundle-shims.mjs). Either way ffi and ref are one pair on one engine.
 */
'use strict';

const canRequireModules = process.features.require_module === true;
const bundle = () => require('../dist/bundle/shims.cjs');

exports.loadFfi = () => (canRequireModules ? require('../dist/safeffi/napi/index.js').default : bundle().ffi);
exports.loadRef = () => (canRequireModules ? require('../dist/safeffi/ref/index.js').default : bundle().ref);
