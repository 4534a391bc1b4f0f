import { existsSync } from 'node:fs';

/**
 * Tests run from the compiled `dist/`, as the command and the library do: no transform stands between test and product.
 *
 * Where set-up found no C compiler there is no native executor, and nothing to compile C fixtures with: the suites that
 * need either are left out, and it is said.
 */
const needNative = [
  'docs/executors',
  'docs/library',
  'docs/package',
  'ffi/faults',
  'ffi/callback-threads',
  'ffi/image-callbacks',
  'ffi/image-types',
  'ffi/long-callouts',
  'ffi/recovery',
  'napi/async',
  'napi/memory',
  'napi/calls',
  'napi/faults',
  'napi/direct',
  'napi/layouts',
  'shims/bench',
  'shims/docs',
  'shims/examples',
  'shims/moving-over',
  'shims/stress',
  'upstream/upstream',
  ...[
    'aarch64',
    'aarch64-callbacks',
    'bad-input',
    'abi',
    'advice',
    'allocations',
    'batch',
    'bench-subjects',
    'buffers',
    'callbacks',
    'callbacks-abi',
    'callbacks-conformance',
    'callbacks-declared',
    'callbacks-forged',
    'callbacks-threads',
    'continue',
    'conformance',
    'death',
    'domains',
    'declarations',
    'declared-library',
    'declared-types',
    'declared-values',
    'faults',
    'fuzz-abi',
    'foreign-threads',
    'hostile/shared-memory',
    'hostile/other-processes',
    'fork',
    'layout',
    'limits',
    'matrix',
    'places',
    'portable',
    'process',
    'record-fast-path',
    'records-by-value',
    'resolutions',
    'restart',
    'rollback',
    'signals',
    'slots',
    'source-lines',
    'variadic',
    'waiting',
  ].map((name) => `safeffi/${name}`),
].map((name) => `test/${name}.test`);
const isNative = existsSync(new URL('dist/native/executor', import.meta.url));
if (!isNative && process.env.JEST_WORKER_ID === undefined)
  process.stderr.write(`tests: no native executor, so these are left out: ${needNative.join(', ')}\n`);

export default {
  rootDir: '.',
  testMatch: ['<rootDir>/dist/test/**/*.test.js'],
  testPathIgnorePatterns: ['/node_modules/', ...(isNative ? [] : needNative)],
  transform: {},
  testEnvironment: 'node',
  maxWorkers: 2,
  // No test times anything; a busy machine takes its time.
  testTimeout: 120_000,
};
