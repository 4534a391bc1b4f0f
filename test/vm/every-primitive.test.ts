/**
 * Every primitive of the registry, called with operands of all sorts, right or wrong: none throws, none damages the heap, and one that fails
 * leaves the stack as it was, with a code that the registry names. Those that end a call of the host are left out.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { listedFamilies, v3Definitions } from '../../primitives/registry/markdown-page.ts';
import type { PrimitiveDefinition } from '../../vm/interpreter/primitive-table.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { characterOop, type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { ClassIndex, ContextSlot } from '../../vm/memory/well-known.ts';
import { codeName, PrimitiveBench } from './primitive-bench.ts';

/** The host's own calls, quit, and a snapshot, which nobody writes here. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'primitiveReturnToHost',
  'primitiveUnhandledError',
  'primitiveQuit',
  'primitiveSnapshot',
]);
const RUNS = 60;
const MOST_ARGUMENTS = 6;

class Workbench extends PrimitiveBench {
  private readonly operands = this.machine.retain(this.makeOperands());

  private makeOperands(): Oop {
    const { machine, memory } = this;
    const make = (name: string, size = 0): Oop => this.instance(name, size);
    const filled = (oop: Oop, values: readonly Oop[]): Oop => {
      values.forEach((value, i) => {
        memory.storePointer(oop, i, value);
      });
      return oop;
    };
    const int = smallIntegerOop;
    const text = memory.newByteString('some text, and more of it');
    const words = make('Bitmap', 6);
    const contextWithStack = (): Oop => {
      const context = make('Context', 16);
      memory.storePointer(context, ContextSlot.STACKP, int(3));
      return context;
    };
    const values: Oop[] = [
      memory.nil,
      memory.true,
      memory.false,
      ...[0, 1, 2, 3, 5, 16, 255, 256, 65536, -1, -2, 0x3fffffff, -0x40000000].map(int),
      characterOop(0),
      characterOop(97),
      characterOop(0x1f600),
      ...[0, 1.5, -2.75, 1e300, Number.NaN, Number.POSITIVE_INFINITY].map((value) => memory.newFloat(value)),
      ...[2n ** 31n, -(2n ** 40n), 2n ** 100n, -(2n ** 300n)].map((value) => memory.integerOop(value)),
      text,
      memory.newByteString(''),
      machine.findSymbol('doesNotUnderstand:')!,
      memory.newByteString(String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))),
      make('ByteArray', 30),
      make('ByteArray', 0),
      make('DoubleByteArray', 7),
      words,
      make('WordArray', 0),
      make('DoubleWordArray', 3),
      filled(make('WeakArray', 2), [text, int(3)]),
      filled(memory.newArray(2), [int(1), text]),
      memory.newArray(0),
      filled(memory.newArray(3), [words, text, int(2)]),
      filled(make('Point'), [int(3), memory.newFloat(4.5)]),
      filled(make('WriteStream'), [text, int(3), int(20), int(25)]),
      filled(make('WriteStream'), [memory.newArray(4), int(1), int(4), int(4)]),
      make('Semaphore'),
      make('Message'),
      make('Process'),
      this.classNamed('Object'),
      this.classNamed('Bitmap'),
      this.classNamed('WeakArray'),
      this.classNamed('Context'),
      this.classNamed('CompiledMethod'),
      this.someMethod,
      make('Context', 16),
      contextWithStack(),
    ];
    // A semaphore's signals and a process's priority are integers, as an image makes them.
    for (const oop of values) {
      if ((oop & 3) !== 0) continue;
      if (memory.classOf(oop) === this.classNamed('Semaphore')) memory.storePointer(oop, 2, int(1));
      if (memory.classOf(oop) === this.classNamed('Process')) memory.storePointer(oop, 2, int(30));
    }
    return filled(memory.newArray(values.length), values);
  }

  get operandCount(): number {
    return this.memory.slotCountOf(this.operands.oop);
  }

  /** Contexts that a call made senders of each other would be walked round and round by the next. */
  private cutChains(): void {
    const { memory } = this;
    for (let index = 0; index < this.operandCount; index++) {
      const oop = memory.fetchPointer(this.operands.oop, index);
      if ((oop & 3) === 0 && memory.classIndexOfObject(oop) === ClassIndex.CONTEXT)
        memory.storePointer(oop, ContextSlot.SENDER, memory.nil);
    }
  }

  /** What is wrong with a call; undefined when nothing is. */
  complaint(definition: PrimitiveDefinition, indices: readonly number[]): string | undefined {
    const { vm, memory } = this;
    this.cutChains();
    this.prepare(indices.map((index) => memory.fetchPointer(this.operands.oop, index)));
    const { context, sp } = vm;
    const before = memory.i32.slice(sp - indices.length + 1, sp + 1);
    vm.failureCode = 0;
    if (definition.run(vm, indices.length - 1)) {
      if (vm.context === context && vm.sp !== sp - indices.length + 1)
        return `succeeded with ${sp - vm.sp} values popped, expected ${indices.length - 1}`;
      return undefined;
    }
    // Where memory lacked, a collection would come before the next try.
    if (vm.context !== context || vm.sp !== sp) return 'failed, and the stack pointer is another';
    const after = memory.i32.slice(sp - indices.length + 1, sp + 1);
    if (before.some((value, i) => value !== after[i])) return 'failed, and the stack is another';
    const code = codeName(vm.failureCode);
    if (code === undefined) return `failed with code ${vm.failureCode}`;
    if (definition.fails === undefined) return undefined;
    const named: readonly string[] = [...definition.fails, 'UNSUPPORTED'];
    return named.includes(code) ? undefined : `failed with ${code}, which the registry does not name`;
  }

  damage(): readonly unknown[] {
    this.prepare([]);
    this.machine.collectGarbage();
    return new HeapVerifier(this.memory).verify();
  }
}

const countsOf = ({ takes }: PrimitiveDefinition): readonly number[] =>
  takes === undefined
    ? Array.from({ length: MOST_ARGUMENTS }, (_, i) => i)
    : typeof takes === 'number'
      ? [takes]
      : takes;

const nameOf = (definition: PrimitiveDefinition): string =>
  'number' in definition ? `${definition.number} ${definition.name}` : `${definition.module}.${definition.name}`;

describe('every primitive, with any operands, does its work or fails with a code that the registry names', () => {
  for (const { family, definitions } of [...listedFamilies(), { family: 'v3', definitions: v3Definitions() }]) {
    test(`${family}: the stack is as it should be and the heap is whole`, () => {
      const bench = new Workbench();
      const complaints = new Set<string>();
      for (const definition of definitions) {
        if (LEFT_OUT.has(definition.name)) continue;
        const call = fc
          .constantFrom(...countsOf(definition))
          .chain((count) =>
            fc.array(fc.nat({ max: bench.operandCount - 1 }), { minLength: count + 1, maxLength: count + 1 }),
          );
        for (const indices of fc.sample(call, { numRuns: RUNS, seed: 1 })) {
          const complaint = bench.complaint(definition, indices);
          if (complaint !== undefined) complaints.add(`${nameOf(definition)} ${complaint}`);
        }
      }
      expect([...complaints]).toEqual([]);
      expect(bench.damage()).toEqual([]);
    });
  }
});
