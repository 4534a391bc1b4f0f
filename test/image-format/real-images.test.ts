/**
 * Images that other VMs wrote, as they are. They are no part of the repository: the folder is the one that SAFEFFI_IMAGES
 * names, or ../shared/images. Without it these tests are skipped, and say so.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { inspectImage } from '../../image/format/inspect-image.ts';
import { readImage } from '../../image/format/read-image.ts';
import { readSpur32 } from '../../image/format/spur32-reader.ts';
import { writeSpur32 } from '../../image/format/spur32-writer.ts';
import { writeSpur64 } from '../../image/format/spur64-writer.ts';
import { Collector } from '../../vm/memory/collector.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { allObjects } from '../../vm/memory/object-walk.ts';
import { shapeOf } from './sample-image.ts';

const folder = [
  process.env.SAFEFFI_IMAGES,
  resolve('..', 'shared', 'images'),
  resolve('..', '..', 'shared', 'images'),
].find((path) => path !== undefined && existsSync(path));
if (folder === undefined)
  process.stderr.write(
    'real-images: skipped, no folder of images; set SAFEFFI_IMAGES to one (SqueakJS has headless/headless.image)\n',
  );

const spurImages = [
  ['sqjs-headless.image', { bytecodes: 'v3-closures', objects: 2443, methods: 918, classes: 50 }],
  ['cp-client-environment.image', { bytecodes: 'sista-v1', objects: 4790, methods: 1923, classes: 94 }],
] as const;

describe('images of other VMs', () => {
  for (const [name, facts] of spurImages) {
    const path = folder === undefined ? '' : join(folder, name);
    const testOrSkip = existsSync(path) ? test : test.skip;

    testOrSkip(`${name} has the objects, methods and classes that it is known to have, and verifies`, () => {
      expect(inspectImage(readFileSync(path))).toMatchObject({ format: 'spur32', magic: 6521, problems: [], ...facts });
    });

    testOrSkip(`${name} written by us is the same image, before and after a collection`, () => {
      const loaded = readSpur32(readFileSync(path), { maxBytes: 8 << 20 });
      const again = readSpur32(writeSpur32(loaded.memory, loaded.settings), { maxBytes: 8 << 20 });
      expect(shapeOf(again.memory)).toEqual(shapeOf(loaded.memory));
      expect(again.settings).toEqual(loaded.settings);
      const before = allObjects(loaded.memory).length;
      new Collector(loaded.memory).collect();
      expect(new HeapVerifier(loaded.memory).verify()).toEqual([]);
      expect(before - allObjects(loaded.memory).length).toBe(3);
      const collected = readSpur32(writeSpur32(loaded.memory, loaded.settings), { maxBytes: 8 << 20 });
      expect(shapeOf(collected.memory)).toEqual(shapeOf(loaded.memory));
    });
  }

  const wide = folder === undefined ? '' : join(folder, 'pharo-vm-img.spur64.image');
  (existsSync(wide) ? test : test.skip)(
    'a Spur 64-bit image loads, verifies, and goes to 64 bits and back unchanged',
    () => {
      const facts = {
        format: 'spur64',
        magic: 68021,
        bytecodes: 'v3-closures',
        methods: 895,
        classes: 51,
        problems: [],
      };
      expect(inspectImage(readFileSync(wide))).toMatchObject(facts);
      const loaded = readImage(readFileSync(wide), { maxBytes: 8 << 20 });
      const again = readImage(writeSpur64(loaded.memory, loaded.settings), { maxBytes: 8 << 20 });
      expect(shapeOf(again.memory)).toEqual(shapeOf(loaded.memory));
      expect(again.settings).toEqual(loaded.settings);
    },
  );
});
