/** The kernel image, built in memory, with a VM and a compiler: for tests whose claim is about Smalltalk code that runs. */
import { fileURLToPath } from 'node:url';
import { buildImage } from '../../image/builder/image-builder.ts';
import { readSourceTree } from '../../image/builder/source-tree.ts';
import { readSpur32 } from '../../image/format/spur32-reader.ts';
import { writeSpur32 } from '../../image/format/spur32-writer.ts';
import { ImageCompiler } from '../../image/runtime/image-compiler.ts';
import { type PrimitiveOptions, standardPrimitives } from '../../primitives/index.ts';
import type { Outcome } from '../../vm/interpreter/host-calls.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { selectorOf } from '../../vm/memory/method-access.ts';
import type { ObjectMemory, ObjectMemoryOptions } from '../../vm/memory/object-memory.ts';
import { VM } from '../../vm/vm.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';
import { TestHost } from './tiny-image.ts';

const KERNEL = fileURLToPath(new URL('../../../image/kernel', import.meta.url));

/** The kernel's image file, before it is initialised: compiled once for all tests of a file. */
const imageFile = (() => {
  let bytes: Uint8Array | undefined;
  return (): Uint8Array => {
    bytes ??= writeSpur32(buildImage(readSourceTree([KERNEL])));
    return bytes;
  };
})();

export class KernelImage {
  readonly memory: ObjectMemory;
  readonly host = new TestHost();
  readonly vm: VM;
  readonly compiler: ImageCompiler;

  constructor(options: ObjectMemoryOptions = {}, primitives: PrimitiveOptions = {}) {
    this.memory = readSpur32(imageFile(), { maxBytes: TEST_HEAP_BYTES, ...options }).memory;
    this.vm = new VM(this.memory, this.host);
    this.compiler = new ImageCompiler(this.memory);
    this.vm.addPrimitives(standardPrimitives(primitives));
    this.vm.loadRoots();
    this.vm.enableAssertions();
    this.print('SystemInitializer initializeImage');
  }

  run(source: string): Outcome {
    return this.vm.evaluateMethod(this.compiler.compileDoit(source), this.memory.nil);
  }

  /** The printString of the value of the last statement; the class and message of an error that nobody handled. */
  print(source: string): string {
    const outcome = this.run(source);
    if (outcome.kind === 'unhandled') {
      const name = this.memory.classNameOf(outcome.exception);
      const message = this.vm.call(outcome.exception, 'description');
      return `${name}: ${message.kind === 'value' ? this.memory.stringValueOf(message.oop) : message.kind}`;
    }
    if (outcome.kind !== 'value') return outcome.kind;
    const text = this.vm.call(outcome.oop, 'printString');
    return text.kind === 'value' ? this.memory.stringValueOf(text.oop) : text.kind;
  }

  /** Compiles a method into a class, as the image itself would. */
  install(className: string, source: string): void {
    const behavior = this.vm.findClass(className);
    if (behavior === undefined) throw new Error(`the image has no class ${className}`);
    const method = this.compiler.compileMethod(source, behavior);
    const outcome = this.vm.call(behavior, 'addSelector:withMethod:inProtocol:', [
      selectorOf(this.memory, method)!,
      method,
      this.memory.newByteString('test'),
    ]);
    if (outcome.kind !== 'value') throw new Error(`the method could not be installed: ${outcome.kind}`);
  }

  /** What a verification of the heap complains about, after a collection. */
  damage(): readonly unknown[] {
    this.vm.collectGarbage();
    return new HeapVerifier(this.memory).verify();
  }
}
