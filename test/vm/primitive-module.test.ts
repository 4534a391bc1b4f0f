import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readImage } from '../../image/format/read-image.ts';
import { WRITABLE_FORMATS, type WritableFormat, writeImage } from '../../image/format/write-image.ts';
import { installPrimitives } from '../../primitives/index.ts';
import { Collector } from '../../vm/memory/collector.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { ImageObject, type ModulePrimitive, PrimitiveRefusal, primitiveModule } from '../../vm/primitive-module.ts';
import { VM } from '../../vm/vm.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';
import { imagePath, testWithImage } from '../images-folder.ts';
import { cpSystemPlugin } from './cp-system-plugin.ts';
import { KernelImage } from './kernel-image.ts';
import { TestHost } from './tiny-image.ts';

/** A kernel whose `Object>>primitive: argument` is the function; it answers the failure's symbol where the function refuses. */
function imageWith(primitive: ModulePrimitive): KernelImage {
  const image = new KernelImage();
  image.vm.addPrimitives(primitiveModule('Own', { primitiveOwn: primitive }));
  image.install('Object', "primitive: argument <primitive: 'primitiveOwn' module: 'Own' error: code> ^ code");
  return image;
}

describe('a module of primitives in TypeScript', () => {
  test('values cross in both directions as what they are', () => {
    const seen: unknown[] = [];
    const image = imageWith((call) => {
      seen.push(call.text(0), call.number(1));
      return [
        call.text(0).toUpperCase(),
        call.number(1) / 2,
        2n ** 70n,
        true,
        null,
        Uint8Array.of(1, 2),
        call.object(1),
      ];
    });
    expect(image.print("'abc' primitive: 5")).toBe("#('ABC' 2.5 1180591620717411303424 true nil #[1 2] 5)");
    expect(seen).toEqual(['abc', 5]);
    expect(image.damage()).toEqual([]);
  });

  test('whole numbers become integers of any size, others Floats', () => {
    let answer = 0;
    const image = imageWith(() => answer);
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true })), (value) => {
        answer = value;
        const outcome = image.run('nil primitive: nil');
        if (outcome.kind !== 'value') throw new Error(outcome.kind);
        const { memory } = image;
        const isInteger = Number.isSafeInteger(value) && !Object.is(value, -0);
        if (isInteger) expect(memory.integerValueOf(outcome.oop)).toBe(BigInt(value));
        else expect(Object.is(memory.floatValueOf(outcome.oop), value)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('an operand that is not what the function asks for fails with its code, and the next call works', () => {
    const image = imageWith((call) => call.text(1).length + call.bytes(0).length);
    expect(image.print("'ab' primitive: 7")).toBe("#'bad argument'");
    expect(image.print("7 primitive: 'ab'")).toBe("#'bad receiver'");
    expect(image.print("'ab' primitive: 'cde'")).toBe('5');
  });

  test('a function may refuse with any code, answer the receiver, or hand an object back', () => {
    let mode = 0;
    const image = imageWith((call) => {
      if (mode === 0) throw new PrimitiveRefusal('LIMIT_EXCEEDED');
      return mode === 1 ? undefined : new ImageObject(call.vm.memory.true);
    });
    expect(image.print("'ab' primitive: 7")).toBe("#'resource limit exceeded'");
    mode = 1;
    expect(image.print("'ab' primitive: 7")).toBe("'ab'");
    mode = 2;
    expect(image.print("'ab' primitive: 7")).toBe('true');
  });

  test('an error of the function itself is the program that runs the VM', () => {
    const image = imageWith(() => '\u20ac');
    expect(() => image.print('nil primitive: nil')).toThrow(
      'a primitive answers a text with the character "€", expected Latin-1; bytes are handed over as a Uint8Array',
    );
  });

  test('a method with another number of arguments than its primitive takes fails, and finds its stack as it was', () => {
    const image = new KernelImage();
    image.install('Object', 'addNothing <primitive: 1> ^ #fallback');
    image.install('Object', 'atOnce: a with: b <primitive: 63 error: code> ^ code');
    expect(image.print("| a | a := 3 addNothing. { a. 3 + 4. 'abc' atOnce: 1 with: 2 }")).toBe(
      "#(#fallback 7 #'bad number of arguments')",
    );
  });
});

describe('the tiny image of CodeParadise', () => {
  const name = 'cp-client-environment.image';
  const options = { maxBytes: TEST_HEAP_BYTES };
  const savedAs = (format: 'as it is' | WritableFormat): Uint8Array => {
    const original = readFileSync(imagePath(name));
    if (format === 'as it is') return original;
    const { memory, settings } = readImage(original, options);
    new Collector(memory).collect();
    return writeImage(memory, format, settings);
  };
  const says = 'says what it is and makes its symbol table, with a CpSystemPlugin of this test';
  for (const format of ['as it is', ...WRITABLE_FORMATS] as const)
    testWithImage(name)(`${format}, ${says}`, () => {
      const { memory } = readImage(savedAs(format), options);
      const host = new TestHost();
      const vm = new VM(memory, host);
      installPrimitives(vm);
      vm.addPrimitives(cpSystemPlugin(vm));
      vm.loadRoots();
      vm.enableAssertions();
      vm.resumeImage();
      // It goes on for ever, waiting for messages: until it idles, or at most so many slices.
      for (let slice = 0; slice < 200; slice++) {
        const status = vm.run(20);
        host.now += 20;
        if (status.kind === 'quit' || (status.kind === 'idle' && status.until === undefined)) break;
      }
      const said = host.written.join('');
      expect(said).toMatch(/CodeParadise tiny image \(build [^)]*\)/);
      expect(said).toContain('Creating Symbol table');
      vm.collectGarbage();
      expect(new HeapVerifier(memory).verify()).toEqual([]);
    });
});
