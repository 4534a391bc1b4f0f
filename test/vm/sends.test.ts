import { describe, expect, test } from '@jest/globals';
import { type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { TinyImage } from './tiny-image.ts';

const int = smallIntegerOop;

function answerOf(image: TinyImage, receiver: Oop, selector: string, values: Oop[] = []): Oop {
  const outcome = image.vm.call(receiver, image.symbol(selector), values);
  if (outcome.kind !== 'value') throw new Error(`the call ended with ${outcome.kind}`);
  return outcome.oop;
}

describe('send', () => {
  test('a method answers its receiver', () => {
    const image = new TinyImage();
    image.method('Object', 'yourself', { code: [88] });
    expect(answerOf(image, int(7), 'yourself')).toBe(int(7));
  });

  test('arguments arrive in order', () => {
    const image = new TinyImage();
    image.method('SmallInteger', 'minus:', { arguments: 1, code: [76, 64, 97, 92] });
    expect(answerOf(image, int(7), 'minus:', [int(9)])).toBe(int(-2));
  });

  test('a send finds an inherited method, and super the one above', () => {
    const image = new TinyImage();
    image.method('Object', 'foo', { code: [80, 92] });
    image.method('SmallInteger', 'foo', { literals: [image.symbol('foo')], code: [76, 235, 0, 81, 96, 92] });
    expect(answerOf(image, int(7), 'foo')).toBe(int(1));
    expect(answerOf(image, image.memory.nil, 'foo')).toBe(int(0));
  });

  test('an unknown selector reaches #doesNotUnderstand: with a Message', () => {
    const image = new TinyImage();
    image.method('Object', 'doesNotUnderstand:', { arguments: 1, code: [64, 92] });
    const message = answerOf(image, int(7), 'perform:with:', [int(1), int(2)]);
    const { memory } = image;
    expect(memory.classOf(message)).toBe(image.classNamed('Message'));
    expect(memory.fetchPointer(message, 0)).toBe(image.symbol('perform:with:'));
    expect(memory.fetchPointer(memory.fetchPointer(message, 1), 1)).toBe(int(2));
    expect(memory.fetchPointer(message, 2)).toBe(image.classNamed('SmallInteger'));
  });

  test('without #doesNotUnderstand: the VM stops with a sentence', () => {
    const image = new TinyImage();
    expect(() => image.vm.call(int(7), image.symbol('foo'))).toThrow(
      'SmallInteger understands neither a message nor #doesNotUnderstand:',
    );
  });

  test('a selector that is no symbol of the image is refused', () => {
    const image = new TinyImage();
    expect(() => image.vm.call(int(7), 'zork')).toThrow(
      'the image has no symbol #zork, so nothing in it understands it',
    );
  });

  test('recursion a million deep runs, through collections', () => {
    const image = new TinyImage({ maxBytes: 512 << 20, collectionIntervalBytes: 4 << 20 });
    // down: ^self = 0 ifTrue: [0] ifFalse: [(self - 1) down + 1]
    image.method('SmallInteger', 'down', {
      literals: [image.symbol('down')],
      code: [76, 80, 102, 193, 80, 92, 76, 81, 97, 128, 81, 96, 92],
    });
    expect(answerOf(image, int(1_000_000), 'down')).toBe(int(1_000_000));
  });
});
