/** Images that other VMs wrote, as they are (images-folder.ts says where they are looked for). */

import { readFileSync } from 'node:fs';
import { describe, expect } from '@jest/globals';
import fc from 'fast-check';
import { ImageFormatError } from '../../image/format/errors.ts';
import { inspectImage } from '../../image/format/inspect-image.ts';
import { readImage } from '../../image/format/read-image.ts';
import { readSpur32 } from '../../image/format/spur32-reader.ts';
import { writeSpur32 } from '../../image/format/spur32-writer.ts';
import { writeSpur64 } from '../../image/format/spur64-writer.ts';
import { Collector } from '../../vm/memory/collector.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { allObjects } from '../../vm/memory/object-walk.ts';
import { imagePath, testWithImage } from '../images-folder.ts';
import { shapeOf } from './sample-image.ts';

const spurImages = [
  ['sqjs-headless.image', { bytecodes: 'v3-closures', objects: 2443, methods: 918, classes: 50 }],
  ['cp-client-environment.image', { bytecodes: 'sista-v1', objects: 4790, methods: 1923, classes: 94 }],
] as const;

describe('images of other VMs', () => {
  for (const [name, facts] of spurImages) {
    const path = imagePath(name);
    const testOrSkip = testWithImage(name);

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

  const wide = imagePath('pharo-vm-img.spur64.image');
  testWithImage('pharo-vm-img.spur64.image')(
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

  const oldImages = [
    ['rsq-bootstrapped.image', { magic: 6505, endian: 'little', objects: 2269, methods: 830, classes: 47 }],
    ['rsq-mini-running-exit.image', { magic: 6502, endian: 'little', objects: 15925, methods: 4609, classes: 204 }],
    [
      'rsq-mini-running-something.image',
      { magic: 6502, endian: 'little', objects: 15919, methods: 4609, classes: 204 },
    ],
    ['sqjs-demo-squeakjs.image', { magic: 6502, endian: 'big', objects: 15637, methods: 4639, classes: 205 }],
  ] as const;
  for (const [name, facts] of oldImages) {
    const path = imagePath(name);
    const testOrSkip = testWithImage(name);

    testOrSkip(`${name}, of V3, loads, verifies, and goes to 32 and 64 bits and back unchanged`, () => {
      expect(inspectImage(readFileSync(path))).toMatchObject({ format: 'v3', problems: [], ...facts });
      const loaded = readImage(readFileSync(path), { maxBytes: 16 << 20 });
      const again = readImage(writeSpur32(loaded.memory, loaded.settings), { maxBytes: 16 << 20 });
      expect(again.memory.isV3).toBe(true);
      expect(shapeOf(again.memory)).toEqual(shapeOf(loaded.memory));
      // Equal LargeIntegers become one SmallInteger in 64 bits, so that only the second journey changes nothing.
      const wide = writeSpur64(loaded.memory, loaded.settings);
      const back = readImage(wide, { maxBytes: 16 << 20 });
      expect(new HeapVerifier(back.memory).verify()).toEqual([]);
      expect(Buffer.compare(writeSpur64(back.memory, back.settings), wide)).toBe(0);
    });

    testOrSkip(`${name} with bits flipped is refused, or loads into a heap that can be verified`, () => {
      const good = readFileSync(path);
      const flip = fc.record({
        offset: fc.oneof(fc.nat({ max: good.length - 1 }), fc.nat({ max: 2000 })),
        bit: fc.nat({ max: 7 }),
      });
      fc.assert(
        fc.property(fc.array(flip, { minLength: 1, maxLength: 5 }), (flips) => {
          const bytes = new Uint8Array(good);
          for (const { offset, bit } of flips) bytes[offset]! ^= 1 << bit;
          expect(() => {
            try {
              new HeapVerifier(readImage(bytes, { maxBytes: 16 << 20 }).memory).verify();
            } catch (error) {
              if (!(error instanceof ImageFormatError)) throw error;
            }
          }).not.toThrow();
        }),
        { numRuns: 40 },
      );
    });
  }
});
