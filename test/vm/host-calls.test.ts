import { describe, expect, test } from '@jest/globals';
import { readSpur32 } from '../../image/format/spur32-reader.ts';
import { writeSpur32 } from '../../image/format/spur32-writer.ts';
import { standardPrimitives } from '../../primitives/index.ts';
import { smallIntegerOop } from '../../vm/memory/oop.ts';
import { VM } from '../../vm/vm.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';
import { KernelImage } from './kernel-image.ts';
import { TestHost } from './tiny-image.ts';

const int = smallIntegerOop;

/** An image in which `SmallInteger>>#callHost` calls back into the VM from a primitive, through `inside`. */
function imageWithCallback(inside: (image: KernelImage) => number): KernelImage {
  const image = new KernelImage({ collectionIntervalBytes: 1 << 18 });
  image.vm.addPrimitives([
    {
      module: 'Test',
      name: 'callHost',
      run: (vm, argumentCount) => vm.answer(argumentCount, int(inside(image))),
    },
  ]);
  const method = image.compiler.compileMethod(
    "callHost <primitive: 'callHost' module: 'Test'> ^ #failed",
    image.memory.classOf(int(1)),
  );
  const kept = image.vm.retain(method);
  const selector = image.vm.findSymbol('callHost')!;
  expect(image.vm.call(image.memory.classOf(int(1)), 'addSelector:withMethod:', [selector, kept.oop]).kind).toBe(
    'value',
  );
  kept.release();
  return image;
}

describe('calls from the host', () => {
  test('a primitive may call into the image, and collections in between harm nothing', () => {
    const image = imageWithCallback((inner) => {
      const outcome = inner.run(
        '| o | o := OrderedCollection new. 1 to: 30000 do: [ :i | o add: i printString ]. o size',
      );
      return outcome.kind === 'value' ? outcome.oop >> 1 : -1;
    });
    expect(image.print('| a | a := #(1 2) copy. { a. 3 callHost. 4 callHost + 1 }')).toBe('#(#(1 2) 30000 30001)');
    expect(image.damage()).toEqual([]);
  });

  test('the process that called stays out of the way of those that run in a nested call', () => {
    const image = imageWithCallback((inner) => {
      const outcome = inner.run('Processor yield. [ 3 ] fork. Processor yield. 5');
      return outcome.kind === 'value' ? outcome.oop >> 1 : -1;
    });
    expect(image.print('[ 1 to: 10 do: [ :i | Processor yield ] ] fork. (1 to: 5) collect: [ :i | i callHost ]')).toBe(
      '#(5 5 5 5 5)',
    );
  });

  test('quit inside a nested call quits the outer one', () => {
    const image = imageWithCallback((inner) => (inner.run('Smalltalk exit: 3').kind === 'quit' ? 0 : 1));
    expect(image.run('3 callHost')).toEqual({ kind: 'quit', exitCode: 3 });
  });

  test('a call runs in slices, and the VM says until when it idles', () => {
    const image = new KernelImage();
    const method = image.compiler.compileDoit('(Delay forMilliseconds: 100) wait. 6 * 7');
    const call = image.vm.startMethod(method, image.memory.nil);
    const status = image.vm.run(1000);
    if (status.kind !== 'idle') throw new Error(`the VM is ${status.kind}`);
    expect(status.until).toBeGreaterThan(image.host.now);
    expect(call.outcome).toBeUndefined();
    image.host.now = Math.ceil(status.until!) + 1;
    image.vm.run(1000);
    expect(call.outcome).toEqual({ kind: 'value', oop: int(42) });
  });

  test('a slice ends when its time is over, with the call under way', () => {
    const image = new KernelImage();
    const call = image.vm.startMethod(image.compiler.compileDoit('[ true ] whileTrue'), image.memory.nil);
    // The clock stands still: a slice of no time ends at the first look at it.
    expect(image.vm.run(0).kind).toBe('running');
    expect(call.outcome).toBeUndefined();
    image.host.interrupts = 1;
    image.vm.run(0);
    expect(call.outcome).toEqual({ kind: 'interrupted' });
  });

  test('two calls in slices take turns by their own yields', () => {
    const image = new KernelImage();
    const first = image.vm.startMethod(image.compiler.compileDoit('Processor yield. 1'), image.memory.nil);
    const second = image.vm.startMethod(image.compiler.compileDoit('2'), image.memory.nil);
    image.vm.run();
    expect(second.outcome).toEqual({ kind: 'value', oop: int(2) });
    image.vm.run();
    expect(first.outcome).toEqual({ kind: 'value', oop: int(1) });
  });

  test('two VMs in one program do not see each other', () => {
    const [one, two] = [new KernelImage(), new KernelImage()];
    one.print('Smalltalk at: #Mine put: 1');
    expect(two.print('Smalltalk includesKey: #Mine')).toBe('false');
    expect(one.print('Smalltalk at: #Mine')).toBe('1');
  });
});

describe('snapshot', () => {
  test('the saved image goes on in the same place with true, the running one with false', () => {
    const saved: Uint8Array[] = [];
    const image: KernelImage = new KernelImage(
      {},
      {
        writeSnapshot: () => {
          saved.push(writeSpur32(image.memory));
          return undefined;
        },
      },
    );
    const method = image.compiler.compileMethod(
      'saveImage <primitive: 97> ^ #failed',
      image.memory.classOf(image.memory.nil),
    );
    const kept = image.vm.retain(method);
    image.vm.call(image.memory.classOf(image.memory.nil), 'addSelector:withMethod:', [
      image.vm.findSymbol('saveImage')!,
      kept.oop,
    ]);
    kept.release();
    expect(image.print('| n | n := 20. { nil saveImage. n + 1 }')).toBe('#(false 21)');

    const memory = readSpur32(saved[0]!, { maxBytes: TEST_HEAP_BYTES }).memory;
    const vm = new VM(memory, new TestHost());
    vm.addPrimitives(standardPrimitives());
    vm.loadRoots();
    const call = vm.resumeImage();
    const outcome = vm.finish(call!);
    if (outcome.kind !== 'value') throw new Error(`the resumed image ended with ${outcome.kind}`);
    expect(memory.fetchPointer(outcome.oop, 0)).toBe(memory.true);
    expect(memory.fetchPointer(outcome.oop, 1)).toBe(int(21));
  });

  test('when the file cannot be written the primitive fails with the reason', () => {
    const image = new KernelImage({}, { writeSnapshot: () => 'the disk is full' });
    const behavior = image.memory.classOf(image.memory.nil);
    const method = image.compiler.compileMethod('saveImage <primitive: 97 error: reason> ^ reason', behavior);
    const kept = image.vm.retain(method);
    image.vm.call(image.memory.classOf(image.memory.nil), 'addSelector:withMethod:', [
      image.vm.findSymbol('saveImage')!,
      kept.oop,
    ]);
    expect(image.print('nil saveImage')).toBe("'the disk is full'");
  });
});
