/**
 * `mocha --file root-hooks.cjs`: two cases of ffi-napi depend on the clock. One compares whole seconds that were read one after
 * the other: it starts early in a second. One looks after 100 ms whether threads were heard: on a busy machine they get longer.
 */
'use strict';

const clockCase = /gettimeofday/;
const earlyMs = 300;
const stretch = 10;

const { setTimeout: timer } = globalThis;
globalThis.setTimeout = (run, ms, ...args) => timer(run, ms * stretch, ...args);

beforeEach(function (done) {
  const startEarly = () => (Date.now() % 1000 < earlyMs ? done() : timer(startEarly, 1));
  if (clockCase.test(this.currentTest.title)) startEarly();
  else done();
});
