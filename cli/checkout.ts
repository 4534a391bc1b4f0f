/** Where built things lie, seen from the compiled command in dist/cli. */
import { fileURLToPath } from 'node:url';

const built = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const source = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const CheckoutPath = {
  kernelImage: built('kernel.image'),
  executor: built('native/executor'),
  bundle: built('bundle/command.cjs'),
  package: source('package.json'),
  kernelSources: source('image/kernel'),
  kernelTests: source('image/tests'),
  benchmarks: source('bench/smalltalk'),
} as const;
