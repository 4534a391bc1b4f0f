/**
 * `mocha --reporter reporter.cjs`: a line of JSON for each case into the file UPSTREAM_RESULTS, written at once, so that it is known what
 * had run when C ended the process.
 */
'use strict';

const { appendFileSync } = require('node:fs');

module.exports = class {
  constructor(runner) {
    const write = (line) => appendFileSync(process.env.UPSTREAM_RESULTS, `${JSON.stringify(line)}\n`);
    runner.on('start', () => write({ total: runner.total }));
    runner.on('pass', (test) => write({ state: 'passed', title: test.fullTitle() }));
    runner.on('pending', (test) => write({ state: 'pending', title: test.fullTitle() }));
    runner.on('fail', (test, error) => write({ state: 'failed', title: test.fullTitle(), error: String(error.stack) }));
    runner.on('end', () => write({ ended: true }));
  }
};
