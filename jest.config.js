/** Tests run from the compiled `dist/`, as the command and the library do: no transform stands between test and product. */
export default {
  rootDir: '.',
  testMatch: ['<rootDir>/dist/test/**/*.test.js'],
  transform: {},
  testEnvironment: 'node',
  maxWorkers: 2,
};
