/** The primitives with what Node offers beside them: its host and its event loop. */
export { type DriverOptions, NodeDriver } from './node-driver.ts';
export { NodeHost } from './node-host.ts';
export * from './standard.ts';
