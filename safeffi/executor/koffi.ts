/**
 * Loads koffi when it is first needed: a program that makes no callout does not pay for it (11 ms). The only place that
 * names the package.
 */
import { createRequire } from 'node:module';

export type Koffi = typeof import('koffi').default;

let loaded: Koffi | undefined;

export function koffi(): Koffi {
  loaded ??= createRequire(import.meta.url)('koffi') as Koffi;
  return loaded;
}
