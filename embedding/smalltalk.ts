/**
 * Smalltalk inside a JavaScript program: a VM with an image and the compiler in it.
 *
 *     const smalltalk = new Smalltalk(bytesOfTheKernelImage);
 *     smalltalk.evaluate('(1 to: 10) inject: 0 into: [ :a :b | a + b ]');   // 55
 *     smalltalk.set('Log', (text: string) => console.log(text));
 *     smalltalk.evaluate("Log value: 'called from Smalltalk'");
 *     const twice = smalltalk.evaluate('[ :x | x * 2 ]') as (x: number) => number;
 *     twice(21);                                                            // 42
 *
 * Two of them in one program know nothing of each other. Values cross as values.ts says. An error that Smalltalk does not handle
 * is thrown as SmalltalkError, after the unwind blocks of its process have run.
 */
import { CompileError } from '../image/compiler/compile-error.ts';
import { readSpur32 } from '../image/format/spur32-reader.ts';
import { ImageCompiler } from '../image/runtime/image-compiler.ts';
import { compilerPrimitives } from '../primitives/compiler.ts';
import { installPrimitives } from '../primitives/standard.ts';
import { ContextPrinter } from '../vm/debug/context-printer.ts';
import type { HostCall, Outcome } from '../vm/interpreter/host-calls.ts';
import type { Oop } from '../vm/memory/oop.ts';
import { VM } from '../vm/vm.ts';
import { SmalltalkError } from './errors.ts';
import { HostObjects, hostObjectPrimitives } from './host-objects.ts';
import type { SmalltalkObject } from './smalltalk-object.ts';
import { Values } from './values.ts';
import { type TextSink, WebHost } from './web-host.ts';

export interface SmalltalkOptions {
  /** Where text goes that Smalltalk writes to its standard output (1) and error (2); the JavaScript console by default. */
  readonly write?: TextSink;
  /** The most that the heap may grow to. */
  readonly heapLimitBytes?: number;
}

const SLICE_MS = 10;
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const STACK_LINES = 50;

export class Smalltalk {
  /** For what this class does not offer. */
  readonly vm: VM;
  private readonly host: WebHost;
  private readonly compiler: ImageCompiler;
  private readonly hostObjects = new HostObjects();
  private readonly values: Values;
  private wakeUp: (() => void) | undefined = undefined;

  /** `image`: the bytes of an image file in Spur's 32-bit format. Throws ImageFormatError. */
  constructor(image: Uint8Array, options: SmalltalkOptions = {}) {
    const { heapLimitBytes } = options;
    const { memory } = readSpur32(image, heapLimitBytes === undefined ? {} : { maxBytes: heapLimitBytes });
    this.host = new WebHost(options.write ?? ((text) => console.log(text.replace(/\n$/, ''))));
    this.vm = new VM(memory, this.host);
    this.compiler = new ImageCompiler(memory);
    this.values = new Values(this.vm, this.hostObjects, (receiver, selector, values) =>
      this.send(receiver, selector, ...values),
    );
    installPrimitives(this.vm);
    this.vm.addPrimitives(hostObjectPrimitives(this.values));
    this.vm.addPrimitives(
      compilerPrimitives({
        compileDoit: (source) => this.compiler.compileDoit(source),
        compileMethod: (source, behavior) => this.compiler.compileMethod(source, behavior),
        complaintOf: (error) =>
          error instanceof CompileError
            ? { message: error.message, line: error.line, column: error.column }
            : undefined,
      }),
    );
    this.vm.loadRoots();
  }

  /** The value of the last statement. Throws CompileError, SmalltalkError. */
  evaluate(source: string): unknown {
    return this.valueOf(this.vm.evaluateMethod(this.compiler.compileDoit(source), this.vm.memory.nil));
  }

  /** As `evaluate`, but the value stays in Smalltalk, whatever it is: for bytes that are not to be copied. */
  hold(source: string): SmalltalkObject {
    const outcome = this.vm.evaluateMethod(this.compiler.compileDoit(source), this.vm.memory.nil);
    if (outcome.kind === 'value') return this.values.handle(outcome.oop);
    throw this.failureOf(outcome);
  }

  /** As `evaluate`, in slices: the program's other work goes on meanwhile, and code that waits uses no processor. */
  async evaluateAsync(source: string): Promise<unknown> {
    const call = this.vm.startMethod(this.compiler.compileDoit(source), this.vm.memory.nil);
    const outcome = await this.finish(call);
    // Unwind blocks run; interrupted once more, the process is left where it stands.
    if (outcome.kind === 'interrupted') await this.finish(this.vm.start(call.process, 'terminate'));
    return this.valueOf(outcome);
  }

  /** Sends a message to any value. Throws RangeError for a selector that nothing in the image understands. */
  send(receiver: unknown, selector: string, ...values: unknown[]): unknown {
    const oops = this.values.allToSmalltalk([receiver, ...values], () => this.vm.collectGarbage());
    return this.valueOf(this.vm.call(oops[0]!, selector, oops.slice(1)));
  }

  /** Makes a value known to Smalltalk code as a global. */
  set(name: string, value: unknown): void {
    const define = this.evaluate('[ :name :value | Smalltalk at: name asSymbol put: value ]');
    if (typeof define === 'function') define(name, value);
  }

  /** Smalltalk lets go of a JavaScript object that was handed to it; to use it afterwards is an error there. */
  release(object: object): void {
    this.hostObjects.release(object);
  }

  /** Ends the evaluation that is under way, at its next safepoint. */
  interrupt(): void {
    this.host.requestInterrupt();
    this.wakeUp?.();
  }

  private async finish(call: HostCall): Promise<Outcome> {
    while (call.outcome === undefined) {
      const status = this.vm.run(SLICE_MS);
      if (status.kind === 'quit') return status;
      if (call.outcome !== undefined) break;
      if (status.kind === 'idle' && status.until === undefined) return this.vm.interpreter.hostCalls.stuck(call);
      await this.pause(status.kind === 'idle' ? (status.until ?? 0) - this.host.milliseconds() : 0);
    }
    return call.outcome;
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wakeUp?.(), Math.min(LONGEST_TIMEOUT_MS, Math.max(0, milliseconds)));
      this.wakeUp = () => {
        clearTimeout(timer);
        this.wakeUp = undefined;
        resolve();
      };
    });
  }

  private valueOf(outcome: Outcome): unknown {
    if (outcome.kind === 'value') return this.values.fromSmalltalk(outcome.oop);
    throw this.failureOf(outcome);
  }

  private failureOf(outcome: Exclude<Outcome, { kind: 'value' }>): SmalltalkError {
    return outcome.kind === 'unhandled'
      ? this.errorOf(outcome)
      : new SmalltalkError(outcome.kind, `the evaluation ended as ${outcome.kind}`);
  }

  /** The exception in words; then its process ends, with its unwind blocks. */
  private errorOf({ exception, context, process }: Extract<Outcome, { kind: 'unhandled' }>): SmalltalkError {
    const { memory } = this.vm;
    const className = memory.classNameOf(exception);
    const printer = new ContextPrinter(memory, (code, pc) => this.compiler.lineAt(code, pc));
    const stack = printer.printStack(context, STACK_LINES);
    const held: SmalltalkObject[] = [exception, process].map((oop: Oop) => this.values.handle(oop));
    try {
      const message = this.vm.call(held[0]!.oopIn(this.vm), 'messageText');
      const text = message.kind === 'value' ? this.values.fromSmalltalk(message.oop) : undefined;
      this.vm.call(held[1]!.oopIn(this.vm), 'terminate');
      return new SmalltalkError(className, typeof text === 'string' ? text : className, stack);
    } finally {
      for (const handle of held) handle.release();
    }
  }
}
