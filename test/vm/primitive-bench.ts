/**
 * Calls primitives one by one, without Smalltalk code around them: the kernel's classes, a context with a wide stack, a process. Each call gets a
 * context of its own; what it answers is on the stack, and an operand that is to outlive a collection is retained by the test.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readSpur32 } from '../../image/format/spur32-reader.ts';
import { listedFamilies } from '../../primitives/registry/markdown-page.ts';
import type { Host } from '../../vm/host.ts';
import type { PrimitiveDefinition } from '../../vm/interpreter/primitive-table.ts';
import { headerNeedsLargeFrame, methodHeaderOf } from '../../vm/memory/method-access.ts';
import { allObjects } from '../../vm/memory/object-walk.ts';
import { type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { ClassIndex, ContextSlot, PrimitiveError, ProcessSlot, SchedulerSlot } from '../../vm/memory/well-known.ts';
import { type Retained, VM } from '../../vm/vm.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';
import { TestHost } from './tiny-image.ts';

/** The kernel's own image file, as setup builds it. */
const kernel = readFileSync(fileURLToPath(new URL('../../kernel.image', import.meta.url)));
const CODES = new Map<number, string>(Object.entries(PrimitiveError).map(([name, code]) => [code, name]));

export const codeName = (code: number): string | undefined => CODES.get(code);

export class PrimitiveBench {
  readonly memory = readSpur32(kernel, { maxBytes: TEST_HEAP_BYTES }).memory;
  readonly machine: VM;
  readonly definitions: readonly PrimitiveDefinition[];
  private readonly code: Retained;
  private readonly process: Retained;

  constructor(host: Host = new TestHost()) {
    const { memory } = this;
    this.machine = new VM(memory, host);
    this.definitions = listedFamilies().flatMap(({ definitions }) => definitions);
    this.machine.addPrimitives(this.definitions);
    this.machine.loadRoots();
    const method = allObjects(memory).find(
      (oop) => memory.isCompiledMethod(oop) && headerNeedsLargeFrame(methodHeaderOf(memory, oop)),
    );
    if (method === undefined) throw new Error('the kernel has no method with a large frame');
    this.code = this.machine.retain(method);
    const process = memory.instantiate(this.classNamed('Process'));
    memory.storePointer(process, ProcessSlot.PRIORITY, smallIntegerOop(40));
    this.process = this.machine.retain(process);
  }

  get vm(): VM['interpreter'] {
    return this.machine.interpreter;
  }

  get someMethod(): Oop {
    return this.code.oop;
  }

  classNamed(name: string): Oop {
    const behavior = this.machine.findClass(name);
    if (behavior === undefined) throw new Error(`the kernel has no class ${name}`);
    return behavior;
  }

  instance(className: string, size = 0): Oop {
    return this.memory.instantiate(this.classNamed(className), size);
  }

  bytes(contents: Uint8Array): Oop {
    const oop = this.memory.allocateBytes(ClassIndex.BYTE_ARRAY, contents.length);
    this.memory.bytesOf(oop).set(contents);
    return oop;
  }

  array(values: readonly Oop[]): Oop {
    const array = this.memory.newArray(values.length);
    values.forEach((value, i) => {
      this.memory.storePointer(array, i, value);
    });
    return array;
  }

  /** A fresh context of the bench's own process, with the operands on its stack. */
  prepare(operands: readonly Oop[]): void {
    const { vm, memory } = this;
    const scheduler = vm.scheduler.scheduler();
    memory.storePointer(scheduler, SchedulerSlot.ACTIVE_PROCESS, memory.nil);
    const context = vm.newContext(this.code.oop, memory.nil);
    memory.storePointer(context, ContextSlot.SENDER, memory.nil);
    vm.context = context;
    vm.readRegisters();
    memory.storePointer(scheduler, SchedulerSlot.ACTIVE_PROCESS, this.process.oop);
    for (const oop of operands) vm.push(oop);
  }

  /** Runs a primitive, by number or by `module.name`, on receiver and arguments: its answer, or the name of its failure code. */
  call(primitive: number | string, ...operands: readonly Oop[]): Oop | string {
    const definition = this.definitions.findLast((each) =>
      'number' in each ? each.number === primitive : `${each.module}.${each.name}` === primitive,
    );
    if (definition === undefined) throw new Error(`there is no primitive ${primitive}`);
    this.prepare(operands);
    this.vm.failureCode = 0;
    if (definition.run(this.vm, operands.length - 1)) return this.vm.stackValue(0);
    return codeName(this.vm.failureCode) ?? `code ${this.vm.failureCode}`;
  }

  /** The same for a call that has to succeed. */
  answer(primitive: number | string, ...operands: readonly Oop[]): Oop {
    const result = this.call(primitive, ...operands);
    if (typeof result === 'string') throw new Error(`primitive ${primitive} failed with ${result}`);
    return result;
  }
}
