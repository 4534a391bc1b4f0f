/** Tests that want an image of another VM (images-path.ts says where they are): skipped, and it is said, where it is not there. */
import { existsSync } from 'node:fs';
import { test } from '@jest/globals';
import { imagePath, imagesFolder } from './images-path.ts';

export { imagePath } from './images-path.ts';

if (imagesFolder === undefined)
  process.stderr.write(
    'tests with images of other VMs are skipped, there is no folder of them; set SAFEFFI_IMAGES to one (SqueakJS has headless/headless.image)\n',
  );

/** `test`, or `test.skip` where the image is not there. */
export const testWithImage = (name: string): typeof test.skip => (existsSync(imagePath(name)) ? test : test.skip);
