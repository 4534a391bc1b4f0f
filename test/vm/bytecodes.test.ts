/** Bytecodes that our compiler never emits, put into a method by hand: what runs, and what is an error in the image. */
import { describe, expect, test } from '@jest/globals';
import { bytecodeEndOf, bytecodeStartOf } from '../../vm/memory/method-access.ts';
import { KernelImage } from './kernel-image.ts';

const image = new KernelImage();
const RETURN_TOP = 92;
const PUSH_ARGUMENT = 64;
const PUSH_SECOND = 65;

/** What `nil probe: a with: b` gives with that code. Literals: 0 to 2 are SmallInteger, #(SmallInteger Array) and $a. */
function run(code: readonly number[], a: string, b = 'nil'): string {
  image.install(
    'UndefinedObject',
    'probe: a with: b | t1 t2 t3 t4 | t1 := SmallInteger. t2 := #(1 2). t3 := $a. ^ { t1. t2. t3. t4. a. b. a + b. a * b. a foo: b }',
  );
  const nilClass = image.vm.findClass('UndefinedObject')!;
  const method = image.vm.findMethod(nilClass, 'probe:with:')!;
  const { memory } = image;
  const start = bytecodeStartOf(memory, method);
  const room = bytecodeEndOf(memory, method) - start;
  if (code.length > room) throw new Error(`the probe has room for ${room} bytes, not ${code.length}`);
  memory.u8.set(code, start);
  const smallInteger = image.vm.findClass('SmallInteger')!;
  const array = memory.newArray(2);
  memory.storePointer(array, 0, smallInteger);
  memory.storePointer(array, 1, image.vm.findClass('Array')!);
  memory.storePointer(method, 1, smallInteger);
  memory.storePointer(method, 2, array);
  return image.print(`nil probe: ${a} with: ${b}`);
}

const inlined = (number: number): number[] => [248, number & 255, 128 | (number >> 8)];
const binary = (number: number, a: string, b: string): string =>
  run([PUSH_ARGUMENT, PUSH_SECOND, ...inlined(number), RETURN_TOP], a, b);

describe('bytecodes that only other compilers emit', () => {
  test('pushNils makes room for temps', () => {
    expect(run([230, 3, 231, 128 | 3, RETURN_TOP], '1')).toBe('#(nil nil nil)');
  });

  test.each([
    ['a class', 0],
    ['an Array of classes', 1],
  ])(
    'a branch on %s is taken where the value is no instance, with a negative extension where it is',
    (_name, literal) => {
      const unless = [PUSH_ARGUMENT, 254, literal, 2, 77, RETURN_TOP, 78, RETURN_TOP];
      expect([run(unless, '3'), run(unless, '$a')]).toEqual(['true', 'false']);
      const when = [PUSH_ARGUMENT, 225, 128, ...unless.slice(1)];
      expect([run(when, '3'), run(when, '$a')]).toEqual(['false', 'true']);
    },
  );

  test('a closure whose code lies in its method takes arguments and copied values, and ^ in it leaves the method', () => {
    const [value, blockReturn] = [122, 94];
    expect(run([PUSH_SECOND, 250, 0x09, 4, 64, 65, 96, blockReturn, PUSH_ARGUMENT, value, RETURN_TOP], '3', '4')).toBe(
      '7',
    );
    expect(run([250, 0x01, 2, 64, RETURN_TOP, PUSH_ARGUMENT, value, 216, 91], '5')).toBe('5');
    expect(image.damage()).toEqual([]);
  });

  test('inlined primitives compute on operands that are right', () => {
    expect(binary(2000, '3', '4')).toBe('7');
    expect(binary(2005, '-7', '3')).toBe('2');
    expect(binary(2006, '-7', '3')).toBe('-2');
    expect(binary(2019, '3', '4')).toBe('48');
    expect(binary(2020, '-9', '1')).toBe('-5');
    expect(binary(2033, '3', '4')).toBe('true');
    expect(binary(2064, '#(5 6)', '2')).toBe('6');
    expect(binary(2065, '#[5 6]', '1')).toBe('5');
    expect(run([PUSH_ARGUMENT, ...inlined(1001), RETURN_TOP], '#(1 2 3)')).toBe('3');
    expect(run([PUSH_ARGUMENT, ...inlined(1030), RETURN_TOP], '$a')).toBe('97');
    expect(
      run([PUSH_ARGUMENT, 81, PUSH_SECOND, ...inlined(3000), 216, PUSH_ARGUMENT, RETURN_TOP], '(Array new: 1)', '9'),
    ).toBe('#(9)');
  });

  test.each([
    ['a sum that does not fit', 2000, '1073741823', '1'],
    ['a division by zero', 2004, '1', '0'],
    ['an index beyond the end', 2064, '#(5 6)', '3'],
    ['an access to a context', 2064, 'thisContext', '1'],
    ['bytes of an object that has none', 2065, '#(5 6)', '1'],
    ['a number that is none', 2500, '1', '2'],
  ])('an inlined primitive on %s is an error in the image', (_name, number, a, b) => {
    expect(binary(number, a, b)).toMatch(/^UnknownBytecode: .*>>probe:with: has bytecode 248 at pc \d+/);
  });

  test('an extension is used up by the bytecode that follows it, whether it needs it or not', () => {
    expect(run([225, 1, 95, 232, 7, RETURN_TOP], '1')).toBe('7');
  });
});

describe('an undefined bytecode', () => {
  test.each([84, 217, 218, 223, 236, 246, 255])(
    '%d ends in UnknownBytecode, in the process that ran it',
    (bytecode) => {
      expect(run([bytecode, 0, 0], '1')).toMatch(
        new RegExp(
          `^UnknownBytecode: UnknownBytecode: UndefinedObject>>probe:with: has bytecode ${bytecode} at pc \\d+, which`,
        ),
      );
      expect(image.print('3 + 4')).toBe('7');
    },
  );

  test('with prefixes the context stands in front of them', () => {
    expect(run([80, 216, 224, 1, 225, 2, 246, 0], '1')).toMatch(/has bytecode 224 at pc/);
  });

  test('leaves the heap whole, and can be handled', () => {
    run([255, 0, 0], '1');
    expect(image.print('[ nil probe: 1 with: 2 ] on: UnknownBytecode do: [ :e | e context pc ]')).toMatch(/^\d+$/);
    expect(image.damage()).toEqual([]);
  });
});
