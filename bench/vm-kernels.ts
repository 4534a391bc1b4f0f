/**
 * The classic kernels, each written twice: in Smalltalk (bench/smalltalk, a class each, run by `#run`) and in plain JavaScript
 * (bench/kernels). Both answer a value that tells whether the work was done; it must be the one that stands here.
 */
import { runPermute, runQueens, runSieve, runStorage } from './kernels/arrays.ts';
import { runCD } from './kernels/cd.ts';
import { runDeltaBlue } from './kernels/delta-blue.ts';
import { runMandelbrot, runNBody } from './kernels/floats.ts';
import { runHavlak } from './kernels/havlak.ts';
import { runJson } from './kernels/json.ts';
import { runBounce, runList, runTowers } from './kernels/objects.ts';
import { runRichards } from './kernels/richards.ts';

export interface Kernel {
  readonly name: string;
  /** The class whose `#run` does it in Smalltalk. */
  readonly className: string;
  readonly run: () => number;
  readonly expected: number;
}

const kernel = (name: string, run: () => number, expected: number): Kernel => ({
  name,
  className: `Bench${name}`,
  run,
  expected,
});

export const KERNELS: readonly Kernel[] = [
  kernel('Richards', runRichards, 2322 * 100_000 + 928),
  kernel('DeltaBlue', runDeltaBlue, 2305793),
  kernel('Havlak', runHavlak, 643_01_06_02301 + 150),
  kernel('CD', runCD, 123),
  kernel('Json', runJson, 358965),
  kernel('NBody', runNBody, -169071606),
  kernel('Mandelbrot', runMandelbrot, 1428),
  kernel('Bounce', runBounce, 13304),
  kernel('List', runList, 10),
  kernel('Permute', runPermute, 86600),
  kernel('Queens', runQueens, 531600),
  kernel('Sieve', runSieve, 8028),
  kernel('Storage', runStorage, 27305),
  kernel('Towers', runTowers, 8191),
];
