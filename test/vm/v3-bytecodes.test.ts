/** Methods of V3, put together by hand, in an image whose own methods are Sista V1: each kind of bytecode, and both sets in one stack. */
import { describe, expect, test } from '@jest/globals';
import { Format } from '../../vm/memory/header.ts';
import { encodeMethodHeader } from '../../vm/memory/method-access.ts';
import { characterOop, type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { SpecialObject } from '../../vm/memory/well-known.ts';
import { KernelImage } from './kernel-image.ts';

const image = new KernelImage();
const { memory, vm } = image;

interface V3Method {
  readonly bytes: readonly number[];
  readonly literals?: readonly Oop[];
  readonly temps?: number;
  readonly receiver?: Oop;
}

/** What a V3 method answers, printed. The class association that ends the literals is Object's. */
function answer({ bytes, literals = [], temps = 0, receiver = smallIntegerOop(40) }: V3Method): string {
  const all = [...literals, binding('Object')];
  const header = encodeMethodHeader({
    literalCount: all.length,
    argumentCount: 0,
    tempCount: temps,
    hasPrimitive: bytes[0] === 139,
    needsLargeFrame: true,
    isSista: false,
  });
  const byteCount = 4 * (1 + all.length) + bytes.length;
  const classIndex = memory.indexOfClass(memory.specialObject(SpecialObject.CLASS_COMPILED_METHOD));
  const method = memory.allocateBits(classIndex, Format.COMPILED_METHOD + (-byteCount & 3), (byteCount + 3) >> 2);
  memory.storePointer(method, 0, header);
  all.forEach((literal, i) => {
    memory.storePointer(method, 1 + i, literal);
  });
  memory.u8.set(bytes, memory.bodyOf(method) + 4 * (1 + all.length));
  const outcome = vm.evaluateMethod(method, receiver);
  if (outcome.kind !== 'value') return outcome.kind;
  const text = vm.call(outcome.oop, 'printString');
  return text.kind === 'value' ? memory.stringValueOf(text.oop) : text.kind;
}

const symbol = (text: string): Oop => vm.findSymbol(text)!;
function binding(name: string): Oop {
  const outcome = image.run(`Smalltalk globals associationAt: #${name}`);
  if (outcome.kind !== 'value') throw new Error(`${name} is not bound: ${outcome.kind}`);
  return outcome.oop;
}
const int = smallIntegerOop;
const point = (): Oop => {
  const outcome = image.run('3 @ 4');
  if (outcome.kind !== 'value') throw new Error(outcome.kind);
  return outcome.oop;
};

const RETURN_TOP = 0x7c;
const cases: readonly (readonly [string, () => V3Method, string])[] = [
  [
    'short pushes: receiver, true, false, nil, -1, 0, 1, 2',
    () => ({ bytes: [0x74, 0x75, 0xb0, 0x76, 0xb0, 0x77, 0xb0, RETURN_TOP] }),
    '2',
  ],
  ['return receiver, true, false, nil', () => ({ bytes: [0x78] }), '40'],
  ['return true', () => ({ bytes: [0x79] }), 'true'],
  ['return false', () => ({ bytes: [0x7a] }), 'false'],
  ['return nil', () => ({ bytes: [0x7b] }), 'nil'],
  [
    'receiver variables, short and extended',
    () => ({ bytes: [0x00, 0x80, 0x01, 0xb0, RETURN_TOP], receiver: point() }),
    '7',
  ],
  [
    'literals, short and extended',
    () => ({ bytes: [0x20, 0x80, 0x81, 0xb0, RETURN_TOP], literals: [int(30), int(12)] }),
    '42',
  ],
  [
    'literal variables, short and extended',
    () => ({ bytes: [0x41, 0x80, 0xc0, 0xc6, RETURN_TOP], literals: [binding('Smalltalk'), binding('Array')] }),
    'false',
  ],
  [
    'temps 0, 13 and 20: short, long, extended; stores that pop and that do not',
    () => ({
      bytes: [
        0x20,
        0x68,
        0x21,
        0x82,
        0x40 | 13,
        0x22,
        0x81,
        0x40 | 20,
        0x87,
        0x10,
        0x1d,
        0xb0,
        0x80,
        0x40 | 20,
        0xb0,
        RETURN_TOP,
      ],
      literals: [int(1), int(20), int(300)],
      temps: 21,
    }),
    '321',
  ],
  [
    'stores into receiver variables: short, extended, double extended',
    () => ({
      bytes: [0x20, 0x60, 0x21, 0x82, 0x01, 0x00, 0x01, 0xb0, 0x84, 0xa0, 0x00, 0x87, 0x00, RETURN_TOP],
      literals: [int(5), int(6)],
      receiver: point(),
    }),
    '11',
  ],
  [
    'double extended pushes',
    () => ({ bytes: [0x84, 0x40, 1, 0x84, 0x60, 0, 0xb0, RETURN_TOP], literals: [int(5)], receiver: point() }),
    '9',
  ],
  [
    'sends of each length: none, one and two arguments',
    () => ({
      bytes: [0x20, 0xd1, 0x22, 0xe3, RETURN_TOP],
      literals: [int(-7), symbol('abs'), int(100), symbol('max:')],
    }),
    '100',
  ],
  [
    'extended sends, single, second and double',
    () => ({
      bytes: [0x20, 0x83, 0x01, 0x22, 0x86, 0x43, 0x75, 0x76, 0x84, 0x02, 4, RETURN_TOP],
      literals: [int(-7), symbol('abs'), int(3), symbol('max:'), symbol('between:and:')],
    }),
    'false',
  ],
  [
    'a super send starts above the class of the last literal',
    () => ({ bytes: [0x70, 0x85, 0x00, RETURN_TOP], literals: [symbol('isNil')] }),
    'false',
  ],
  [
    'jumps forward, short and long, and back',
    () => ({
      // temp 0 from 0 up, while it is less than 10
      bytes: [0x75, 0x68, 0x10, 0x20, 0xb2, 0xac, 6, 0x10, 0x76, 0xb0, 0x68, 0xa3, 0xf5, 0x10, RETURN_TOP],
      literals: [int(10)],
      temps: 1,
    }),
    '10',
  ],
  [
    'short conditional jumps',
    () => ({ bytes: [0x71, 0x98, 0x20, RETURN_TOP, 0x21, RETURN_TOP], literals: [int(1), int(2)] }),
    '1',
  ],
  [
    'a long jump on true',
    () => ({ bytes: [0x71, 0xa8, 2, 0x20, RETURN_TOP, 0x21, RETURN_TOP], literals: [int(1), int(2)] }),
    '2',
  ],
  ['a jump on what is no Boolean', () => ({ bytes: [0x70, 0x99, 0x79, 0x7a] }), 'unhandled'],
  [
    'special sends: arithmetic, at:, size, ==, class',
    () => ({
      bytes: [0x20, 0x76, 0xc0, 0x20, 0xc2, 0x21, 0xb8, 0xca, RETURN_TOP],
      literals: [memory.newByteString('ab'), int(3)],
    }),
    'unhandled',
  ],
  [
    '#at: of a string answers a character',
    () => ({ bytes: [0x20, 0x76, 0xc0, RETURN_TOP], literals: [memory.newByteString('ab')] }),
    '$a',
  ],
  [
    'arrays: of nils, and of what lies on the stack',
    () => ({ bytes: [0x20, 0x21, 0x8a, 0x82, RETURN_TOP], literals: [int(1), characterOop(98)] }),
    '#(1 $b)',
  ],
  [
    'a closure: arguments, copied values, temps in a vector',
    () => ({
      // vector := Array new: 1. vector[0] := 5. [:x | vector[0] := vector[0] + x. vector[0]] value: 8
      bytes: [
        0x8a,
        1,
        0x68,
        0x20,
        0x8e,
        0,
        0,
        0x10,
        0x8f,
        0x11,
        0,
        13,
        0x8c,
        0,
        1,
        0x10,
        0xb0,
        0x8d,
        0,
        1,
        0x87,
        0x8c,
        0,
        1,
        0x7d,
        0x21,
        0xca,
        RETURN_TOP,
      ],
      literals: [int(5), int(8)],
      temps: 1,
    }),
    '13',
  ],
  [
    '^ in a closure returns from the method',
    () => ({ bytes: [0x8f, 0x00, 0, 2, 0x20, RETURN_TOP, 0xc9, 0x87, 0x7a], literals: [int(77)] }),
    '77',
  ],
  [
    'a Sista method in between: a V3 closure run by #timesRepeat:',
    () => ({
      bytes: [
        0x8a,
        1,
        0x68,
        0x75,
        0x8e,
        0,
        0,
        0x20,
        0x10,
        0x8f,
        0x10,
        0,
        9,
        0x8c,
        0,
        0,
        0x76,
        0xb0,
        0x8d,
        0,
        0,
        0x7d,
        0xe1,
        0x87,
        0x8c,
        0,
        0,
        RETURN_TOP,
      ],
      literals: [int(6), symbol('timesRepeat:')],
      temps: 1,
    }),
    '6',
  ],
  ['thisContext', () => ({ bytes: [0x89, 0xd0, RETURN_TOP], literals: [symbol('receiver')] }), '40'],
  [
    'a primitive that fails, with its code in a temp',
    () => ({
      bytes: [139, 60, 0, 0x81, 0x40, 0x10, RETURN_TOP],
      temps: 1,
    }),
    'nil',
  ],
];

describe('V3 bytecodes', () => {
  test.each(cases)('%s', (_name, method, expected) => {
    expect(answer(method())).toBe(expected);
    expect(image.damage()).toEqual([]);
  });

  test('what V3 does not define is an error in the image', () => {
    expect(answer({ bytes: [0x7e] })).toBe('unhandled');
    expect(image.print('3 + 4')).toBe('7');
  });
});
