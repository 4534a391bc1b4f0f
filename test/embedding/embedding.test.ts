/** Smalltalk embedded in a JavaScript program: values in both directions, calls in both directions, errors, two at once. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { Smalltalk, SmalltalkError, SmalltalkObject } from '../../embedding/index.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';

const image = readFileSync(CheckoutPath.kernelImage);
const written: string[] = [];
const make = (): Smalltalk =>
  new Smalltalk(image, { heapLimitBytes: TEST_HEAP_BYTES, write: (text) => written.push(text) });
const smalltalk = make();

describe('values', () => {
  test.each<[string, unknown]>([
    ['3 + 4', 7],
    ['SmallInteger maxVal + 1', 0x40000000],
    ['2 raisedTo: 100', 2n ** 100n],
    ['3 / 2.0', 1.5],
    ['true', true],
    ['nil', null],
    ["'text'", 'text'],
    ['#symbol', 'symbol'],
    ["'日本'", '日本'],
    ['$a', 'a'],
    ['#[1 2 255]', new Uint8Array([1, 2, 255])],
    ['{1. {2}. nil}', [1, [2], null]],
  ])('%s comes out as what it is in JavaScript', (source, value) => {
    expect(smalltalk.evaluate(source)).toEqual(value);
  });

  test.each<[unknown, string]>([
    [7, 'SmallInteger 7'],
    [2 ** 40, 'LargePositiveInteger 1099511627776'],
    [-(2n ** 80n), 'LargeNegativeInteger -1208925819614629174706176'],
    [0.5, 'BoxedFloat64 0.5'],
    ['é', "ByteString 'é'"],
    ['日', "WideString '日'"],
    [true, 'True true'],
    [undefined, 'UndefinedObject nil'],
    [new Uint8Array([1, 2]), 'ByteArray #[1 2]'],
    [[1, [2, 'x']], "Array #(1 #(2 'x'))"],
  ])('%p goes in as %s', (value, printed) => {
    const print = smalltalk.evaluate("[ :each | each class name asString , ' ' , each printString ]") as (
      v: unknown,
    ) => string;
    expect(print(value)).toBe(printed);
  });

  test('an Array that holds itself comes out as one that does, and does not go in', () => {
    const array = smalltalk.evaluate('| a | a := Array new: 1. a at: 1 put: a. a') as unknown[];
    expect(array[0]).toBe(array);
    expect(() => smalltalk.send(array, 'size')).toThrow('an array that holds itself cannot be handed to Smalltalk');
  });

  test('a value larger than the heap is refused, and the next one goes through', () => {
    expect(() => smalltalk.send(new Uint8Array(2 * TEST_HEAP_BYTES), 'size')).toThrow(/^there is no room in the heap/);
    expect(smalltalk.send(new Uint8Array(1000), 'size')).toBe(1000);
  });
});

describe('calls', () => {
  test('a block is a function, and goes back in as itself', () => {
    const block = smalltalk.evaluate('Smalltalk at: #Kept put: [ :x | x * 2 ]') as (x: number) => number;
    expect(block(21)).toBe(42);
    const isSame = smalltalk.evaluate('[ :each | each == (Smalltalk at: #Kept) ]') as (v: unknown) => boolean;
    expect(isSame(block)).toBe(true);
  });

  test('a function is called as a block is, with blocks as its arguments', () => {
    smalltalk.set('Add', (a: number, b: number) => a + b);
    smalltalk.set('Each', (list: number[], use: (n: number) => number) => list.map((n) => use(n)));
    expect(smalltalk.evaluate('Add value: 3 value: 4')).toBe(7);
    expect(smalltalk.evaluate('Each value: #(1 2 3) value: [ :n | Smalltalk garbageCollect. n * n ]')).toEqual([
      1, 4, 9,
    ]);
  });

  test('an object is sent messages: methods, properties, itself as an argument', () => {
    const list = { items: [1, 2], add: (a: number, b: number) => list.items.push(a, b), size: 2 };
    smalltalk.set('List', list);
    expect(smalltalk.evaluate('List add: 3 with: 4. (List hostPerform: #size) -> List items')).toBeInstanceOf(
      SmalltalkObject,
    );
    expect(list.items).toEqual([1, 2, 3, 4]);
    smalltalk.evaluate('List color: #red');
    expect(list).toHaveProperty('color', 'red');
    expect(smalltalk.evaluate('List')).toBe(list);
    expect(() => smalltalk.evaluate('List missing')).toThrow('the object has no property missing');
  });

  test('any other object is a handle that takes messages and follows its object', () => {
    const point = smalltalk.evaluate('3 @ 4') as SmalltalkObject;
    smalltalk.vm.collectGarbage();
    expect([point.className, point.send('x')]).toEqual(['Point', 3]);
    expect(`${point} and ${point.send('+', 1)}`).toMatch(/^\(?3@4\)? and \(?4@5\)?$/);
    point.release();
    expect(() => point.send('x')).toThrow('the handle was released');
  });

  test('bytes are read and written where they lie', () => {
    const buffer = smalltalk.hold('Smalltalk at: #Buffer put: (ByteArray new: 4)');
    buffer.withBytes((bytes) => bytes.set([7, 8], 1));
    expect(smalltalk.evaluate('Smalltalk at: #Buffer')).toEqual(new Uint8Array([0, 7, 8, 0]));
    expect(() => smalltalk.hold('3 @ 4').withBytes(() => 0)).toThrow('Point has no bytes');
    expect(() => smalltalk.hold('3').withBytes(() => 0)).toThrow('SmallInteger has no bytes');
  });

  test('text goes where the program says', () => {
    smalltalk.evaluate("Transcript show: 'written'; cr");
    expect(written.join('')).toContain('written');
  });
});

describe('errors', () => {
  test('one that Smalltalk does not handle is thrown with its class, text and stack, after its unwind blocks', () => {
    smalltalk.evaluate('Smalltalk at: #Unwound put: false');
    const run = (): unknown => smalltalk.evaluate('[ nil foo ] ensure: [ Smalltalk at: #Unwound put: true ]');
    expect(run).toThrow(SmalltalkError);
    try {
      run();
    } catch (error) {
      if (!(error instanceof SmalltalkError)) throw error;
      expect([error.className, error.message]).toEqual(['MessageNotUnderstood', 'UndefinedObject>>foo not understood']);
      expect(error.smalltalkStack.join('\n')).toMatch(/UndefinedObject>>DoIt \(line 1\)/);
    }
    expect(smalltalk.evaluate('Smalltalk at: #Unwound')).toBe(true);
  });

  test('one that a function throws is a HostError in Smalltalk', () => {
    smalltalk.set('Fail', () => {
      throw new Error('from JavaScript');
    });
    expect(smalltalk.evaluate('[ Fail value ] on: HostError do: [ :e | e messageText ]')).toBe('from JavaScript');
    expect(() => smalltalk.evaluate('Fail value')).toThrow('from JavaScript');
  });

  test('an error in a block that a function calls goes through the function', () => {
    smalltalk.set('Call', (block: () => unknown) => block());
    expect(smalltalk.evaluate('[ Call value: [ 1 / 0 ] ] on: HostError do: [ :e | e messageText ]')).toBe(
      '1 divided by zero',
    );
  });

  test('a source that does not compile, a wait that never ends and a released object are told in a sentence', () => {
    expect(() => smalltalk.evaluate('3 +')).toThrow(/line 1/);
    expect(() => smalltalk.evaluate('Semaphore new wait')).toThrow('the evaluation ended as stuck');
    const object = { name: 'gone' };
    smalltalk.set('Gone', object);
    smalltalk.release(object);
    expect(() => smalltalk.evaluate('Gone foo')).toThrow('the program does not know this object any more');
    expect(smalltalk.evaluate('3 + 4')).toBe(7);
  });
});

describe('two in one program', () => {
  test('know nothing of each other', () => {
    const other = make();
    other.evaluate('Smalltalk at: #Only put: 1');
    expect(() => smalltalk.evaluate('Smalltalk at: #Only')).toThrow(/Only/);
    const point = other.evaluate('1 @ 2');
    expect(() => smalltalk.send(point, 'x')).toThrow('the object belongs to another virtual machine');
  });

  test('run beside each other and the timers of the program', async () => {
    const other = make();
    const order: string[] = [];
    const wait = (name: string, vm: Smalltalk, ms: number): Promise<void> =>
      vm
        .evaluateAsync(`(Delay forMilliseconds: ${ms}) wait. '${name}'`)
        .then((value) => void order.push(String(value)));
    await Promise.all([wait('later', smalltalk, 300), wait('sooner', other, 20)]);
    expect(order).toEqual(['sooner', 'later']);
  });

  test('an endless evaluation in slices is interrupted, and its unwind blocks run', async () => {
    const other = make();
    const endless = other.evaluateAsync('[ [ true ] whileTrue ] ensure: [ Smalltalk at: #Unwound put: 1 ]');
    setTimeout(() => other.interrupt(), 5);
    await expect(endless).rejects.toThrow('the evaluation ended as interrupted');
    expect(other.evaluate('Smalltalk at: #Unwound')).toBe(1);
  });
});
