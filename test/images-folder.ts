/**
 * Where images lie that other VMs wrote: they are no part of the repository. The folder is the one that SAFEFFI_IMAGES names, or `shared/images`
 * beside the checkout. Tests that want an image that is not there are skipped, and say so.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from '@jest/globals';

const folder = [
  process.env.SAFEFFI_IMAGES,
  resolve('..', 'shared', 'images'),
  resolve('..', '..', 'shared', 'images'),
].find((path) => path !== undefined && existsSync(path));

if (folder === undefined)
  process.stderr.write(
    'tests with images of other VMs are skipped, there is no folder of them; set SAFEFFI_IMAGES to one (SqueakJS has headless/headless.image)\n',
  );

export const imagePath = (name: string): string => (folder === undefined ? '' : join(folder, name));

/** `test`, or `test.skip` where the image is not there. */
export const testWithImage = (name: string): typeof test.skip => (existsSync(imagePath(name)) ? test : test.skip);
