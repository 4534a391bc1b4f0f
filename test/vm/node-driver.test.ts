import { describe, expect, test } from '@jest/globals';
import { NodeDriver } from '../../primitives/index.ts';
import { smallIntegerOop } from '../../vm/memory/oop.ts';
import { SpecialObject } from '../../vm/memory/well-known.ts';
import { KernelImage } from './kernel-image.ts';

function driverFor(image: KernelImage, expectsSignals = false): NodeDriver {
  return new NodeDriver(image.vm, {
    sliceMs: 0,
    expectsSignals: () => expectsSignals,
    requestInterrupt: () => {
      image.host.interrupts++;
    },
  });
}

describe('the driver on the event loop', () => {
  test('other work gets its turn while Smalltalk runs', async () => {
    const image = new KernelImage();
    let turns = 0;
    const other = (): void => {
      turns++;
      if (!over) setImmediate(other);
    };
    let over = false;
    setImmediate(other);
    const call = image.vm.startMethod(
      image.compiler.compileDoit('| n | n := 0. 1 to: 200000 do: [ :i | n := n + (i \\\\ 2) ]. n'),
      image.memory.nil,
    );
    expect(await driverFor(image).finish(call)).toEqual({ kind: 'value', oop: smallIntegerOop(100000) });
    over = true;
    expect(turns).toBeGreaterThan(1);
  });

  test('an interrupt ends an endless loop', async () => {
    const image = new KernelImage();
    const driver = driverFor(image);
    setImmediate(() => driver.interrupt());
    const call = image.vm.startMethod(image.compiler.compileDoit('[ true ] whileTrue'), image.memory.nil);
    expect(await driver.finish(call)).toEqual({ kind: 'interrupted' });
  });

  test('a signal from outside wakes a process that waits for it', async () => {
    const image = new KernelImage();
    image.print('Smalltalk at: #Door put: Semaphore new');
    const found = image.run('Array with: (Smalltalk at: #Door)');
    if (found.kind !== 'value') throw new Error(`ended with ${found.kind}`);
    image.memory.storePointer(image.memory.specialObjects, SpecialObject.EXTERNAL_OBJECTS, found.oop);
    const driver = driverFor(image, true);
    const call = image.vm.startMethod(image.compiler.compileDoit('(Smalltalk at: #Door) wait. 8'), image.memory.nil);
    setImmediate(() => setImmediate(() => driver.signalExternal(1)));
    expect(await driver.finish(call)).toEqual({ kind: 'value', oop: smallIntegerOop(8) });
  });

  test('an idle VM that nobody will signal is stuck', async () => {
    const image = new KernelImage();
    const call = image.vm.startMethod(image.compiler.compileDoit('Semaphore new wait'), image.memory.nil);
    expect(await driverFor(image).finish(call)).toEqual({ kind: 'stuck' });
  });
});
