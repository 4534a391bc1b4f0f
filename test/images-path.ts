/**
 * Where images lie that other VMs wrote: they are no part of the repository. The folder is the one that SAFEFFI_IMAGES names, or `shared/images`
 * beside the checkout.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const imagesFolder = [
  process.env.SAFEFFI_IMAGES,
  resolve('..', 'shared', 'images'),
  resolve('..', '..', 'shared', 'images'),
].find((path) => path !== undefined && existsSync(path));

/** '' where there is no such folder; the image itself need not be there. */
export const imagePath = (name: string): string => (imagesFolder === undefined ? '' : join(imagesFolder, name));
