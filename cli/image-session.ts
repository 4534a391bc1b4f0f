/**
 * A VM with an image in it and all that the command gives it: primitives, the compiler, the callout engine, the console. Used
 * by every command that runs Smalltalk, and by tests that do.
 */

import { release } from 'node:os';
import { InstallError } from '../image/builder/errors.ts';
import { CompileError, type SourceOrigin } from '../image/compiler/compile-error.ts';
import type { CompiledBlockCode, CompiledMethodCode } from '../image/compiler/compiled-code.ts';
import { ImageFileError } from '../image/format/errors.ts';
import { inImageFile, writeImageFile } from '../image/format/image-file.ts';
import type { ImageSettings } from '../image/format/image-settings.ts';
import { readImage } from '../image/format/read-image.ts';
import { type WritableFormat, writeImage } from '../image/format/write-image.ts';
import { ImageCompiler } from '../image/runtime/image-compiler.ts';
import { argumentPrimitives } from '../primitives/arguments.ts';
import { compilerPrimitives, type SourceCompiler } from '../primitives/compiler.ts';
import { Display, type ScreenSize } from '../primitives/display/display.ts';
import { type FfiBridge, installFfi, type LibraryDescription, LinkError } from '../primitives/ffi/index.ts';
import { type ImagePath, installPrimitives, NodeDriver, NodeHost } from '../primitives/index.ts';
import { UserInput } from '../primitives/input/user-input.ts';
import { systemAttributePrimitives } from '../primitives/system-attributes.ts';
import { type Fault, faultReport, openSession } from '../safeffi/index.ts';
import { ContextPrinter } from '../vm/debug/context-printer.ts';
import type { HostCall, Outcome } from '../vm/interpreter/host-calls.ts';
import { selectorOf } from '../vm/memory/method-access.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { isImmediate, type Oop, smallIntegerValue } from '../vm/memory/oop.ts';
import { VM } from '../vm/vm.ts';
import { calloutOf, withFramesOfC } from './c-frames.ts';
import { type ErrorReport, faultFacts } from './outcome-report.ts';

export type FfiMode = 'safe' | 'native' | 'portable' | 'direct';

export interface SessionSettings {
  readonly ffi?: FfiMode;
  /** The longest that a callout may take, in milliseconds. */
  readonly deadline?: number;
  /** Verify the heap before and after each collection. */
  readonly assert?: boolean;
  /** The most that the heap may grow to, in bytes; 1 GiB by default. */
  readonly heapLimitBytes?: number;
  /** Clock and console; Node's own by default. */
  readonly host?: NodeHost;
  /** The image's own path, and what the command line gives to it. */
  readonly imagePath?: string;
  readonly imageArguments?: readonly string[];
  /** How a snapshot is written: Spur of either word size, Spur 32 by default; and what the image asks of a VM that resumes it. */
  readonly format?: WritableFormat;
  readonly imageSettings?: ImageSettings;
  /** How large the image is told that its screen is; by default as large as when it was saved. */
  readonly screenSize?: ScreenSize;
  /** Asks a person how to go on after an unhandled fault; without one the fault is unhandled. */
  readonly chooseResolution?: (report: string, choices: readonly string[]) => string | undefined;
  /** Take a checkpoint before every callout. */
  readonly checkpoint?: boolean;
  /** Keep C code from other processes. Default: true. */
  readonly confine?: boolean;
}

/** How an image ended that was resumed; or its time was over. */
export type ResumedOutcome = Outcome | 'time over';

/** A resumed image, to be run bit by bit. */
export interface ResumedImage {
  /** The image's clock. */
  milliseconds(): number;
  /** Runs until that time, or the end: undefined in the first case. */
  runUntil(time: number): Promise<ResumedOutcome | undefined>;
  /** No process had anything to do when it was left. */
  readonly isIdle: boolean;
}

/** Callouts that take longer leave the VM to other processes; a switch away and back costs about as much. */
const PEND_AFTER_MS = 0.5;

/** Frames of the host's own, below the code that a user wrote, are not shown. */
const HOST_FRAMES =
  /^(Compiler class|HostEntry class|UndefinedObject)>>(evaluate:|perform:on:withArguments:|returnToHost:|withArgs:executeMethod:)/;

export class ImageSession {
  readonly vm: VM;
  readonly memory: ObjectMemory;
  readonly ffi: FfiBridge;
  /** Through which a user's mouse and keyboard are played. */
  readonly userInput = new UserInput();
  readonly display: Display;
  private readonly format: WritableFormat;
  private readonly imageSettings: ImageSettings | undefined;
  /** True after a person saw a fault's report and chose to leave it unhandled. */
  wasReportShown = false;
  private readonly compiler: ImageCompiler;
  private readonly driver: NodeDriver;
  private readonly imagePath: ImagePath;

  constructor(memory: ObjectMemory, settings: SessionSettings = {}) {
    this.memory = memory;
    this.format = settings.format ?? 'spur32';
    this.imageSettings = settings.imageSettings;
    const host = settings.host ?? new NodeHost();
    this.vm = new VM(memory, host);
    this.compiler = new ImageCompiler(memory);
    this.imagePath = { path: settings.imagePath ?? 'safeffi.image' };
    this.display = new Display(settings.screenSize ?? savedScreenSize(settings.imageSettings));
    installPrimitives(this.vm, {
      imagePath: this.imagePath,
      writeSnapshot: () => this.writeSnapshot(),
      userInput: this.userInput,
      display: this.display,
    });
    this.vm.addPrimitives(compilerPrimitives(sourceCompiler(this.compiler)));
    const imageArguments = settings.imageArguments ?? [];
    this.vm.addPrimitives(argumentPrimitives(imageArguments));
    this.vm.addPrimitives(
      systemAttributePrimitives({
        // The folder that images look for their sources in: of the command, not of Node.
        vmPath: process.argv[1] ?? process.execPath,
        imagePath: () => this.imagePath.path,
        imageArguments,
        platform: process.platform,
        platformVersion: release(),
        processor: process.arch,
        vmVersion: 'SafeFFI',
      }),
    );
    this.ffi = installFfi(this.vm.interpreter, {
      openSession: () =>
        openSession({
          ffi: settings.ffi ?? 'safe',
          strings: 'bytes',
          pendAfterMs: PEND_AFTER_MS,
          ...(settings.checkpoint === undefined ? {} : { checkpoint: settings.checkpoint }),
          ...(settings.confine === undefined ? {} : { confine: settings.confine }),
          ...(settings.deadline === undefined ? {} : { deadlineMs: settings.deadline }),
        }),
      names: () => this.compiler,
      describeStack: (context) => this.exceptionStack(context).join('  <-  '),
      describeType: (name, behavior) => this.describeType(name, behavior),
      describeLibrary: (library) => this.describeLibrary(library),
      evaluateCallback: (request) => this.evaluateCallback(request),
      chooseResolution: (report, choices) => {
        const choice = settings.chooseResolution?.(report, choices);
        this.wasReportShown = settings.chooseResolution !== undefined && choice === undefined;
        return choice;
      },
    });
    this.driver = new NodeDriver(this.vm, {
      requestInterrupt: () => host.requestInterrupt(),
      interruptOutside: () => this.ffi.running.interruptAwaited(),
    });
    this.userInput.listener = {
      signalExternal: (index) => this.driver.signalExternal(index),
      interrupt: () => host.requestInterrupt(),
    };
    this.vm.loadRoots();
    if (settings.assert === true) this.vm.enableAssertions();
  }

  /** Reads an image file and makes a session of it. Throws ImageFileError or ImageFormatError. */
  static open(path: string, settings: SessionSettings = {}): ImageSession {
    const { heapLimitBytes } = settings;
    const read = (bytes: Uint8Array) =>
      readImage(bytes, heapLimitBytes === undefined ? {} : { maxBytes: heapLimitBytes });
    const { memory, settings: imageSettings, format } = inImageFile(path, read);
    const wordSize: WritableFormat = format.format === 'spur64' ? 'spur64' : 'spur32';
    return new ImageSession(memory, { imagePath: path, ...settings, format: wordSize, imageSettings });
  }

  // Running Smalltalk

  /** Compiles and runs statements in a process of their own. Throws CompileError when they do not compile. */
  evaluate(source: string, origin: SourceOrigin = {}): Outcome {
    return this.vm.evaluateMethod(this.compiler.compileDoit(source, origin), this.memory.nil);
  }

  /** The same on Node's event loop: timers go on beside it, and Ctrl-C reaches it, a callout that hangs included. */
  evaluateOnLoop(source: string, origin: SourceOrigin = {}): Promise<Outcome> {
    return this.finishOnLoop(this.vm.startMethod(this.compiler.compileDoit(source, origin), this.memory.nil));
  }

  /** Carries a call on until its outcome. A program that was interrupted has run its `ensure:` blocks by then. */
  async finishOnLoop(call: HostCall): Promise<Outcome> {
    const outcome = await this.driver.finish(call);
    if (outcome.kind === 'interrupted') await this.terminate(call.process);
    return outcome;
  }

  /** Ends a process of the image by unwinding it; interrupted again, it is left where it stands. */
  async terminate(process: Oop): Promise<void> {
    await this.driver.finish(this.vm.start(process, 'terminate'));
  }

  /** Compiles a method and puts it into the class, as the image itself would; without a protocol it keeps the one it has. */
  installMethod(source: string, behavior: Oop, origin: SourceOrigin & { protocol?: string } = {}): Outcome {
    const { memory } = this;
    const method = this.compiler.compileMethod(source, behavior, origin);
    const selector = selectorOf(memory, method)!;
    const protocol = memory.newByteString(origin.protocol ?? '');
    return this.vm.call(behavior, 'addSelector:withMethod:inProtocol:', [selector, method, protocol]);
  }

  /**
   * As `installMethod`, for sources that come as a whole: names in them that nothing has yet are declared and stay nil until
   * something of that name is defined, as in other Smalltalks.
   */
  installMethodOfSources(source: string, behavior: Oop, origin: SourceOrigin & { protocol?: string } = {}): Outcome {
    try {
      return this.installMethod(source, behavior, origin);
    } catch (error) {
      const names = error instanceof CompileError ? undeclaredNames(error, source) : [];
      if (names.length === 0) throw error;
      const holder = this.vm.retain(behavior);
      try {
        for (const name of names) {
          const outcome = this.evaluate(`Smalltalk declareUndeclared: #${name}`);
          if (outcome.kind !== 'value') return outcome;
        }
        return this.installMethod(source, holder.oop, origin);
      } finally {
        holder.release();
      }
    }
  }

  /** What a freshly built image needs before anything else: hashed collections in order, class sides initialised. */
  initializeImage(): Exclude<Outcome, { kind: 'value' }> | undefined {
    const outcome = this.evaluate('SystemInitializer initializeImage');
    return outcome.kind === 'value' ? undefined : outcome;
  }

  /**
   * Goes on with the process that was active when the image was saved, for at most `milliseconds`: 'time over' then, and the image
   * is left where it stands, as it is when `play`, which lets it run bit by bit, has had enough. undefined when there is no such
   * process.
   */
  async resumeOnLoop(
    milliseconds = Number.POSITIVE_INFINITY,
    play: (image: ResumedImage) => Promise<ResumedOutcome | undefined> = (image) =>
      image.runUntil(Number.POSITIVE_INFINITY),
  ): Promise<ResumedOutcome | undefined> {
    const call = this.vm.resumeImage();
    if (call === undefined) return undefined;
    const { driver } = this;
    const { host } = this.vm;
    const end = host.milliseconds() + milliseconds;
    const outcome = await play({
      milliseconds: () => host.milliseconds(),
      get isIdle() {
        return driver.isIdle;
      },
      async runUntil(time) {
        const ended = await driver.finishBefore(call, Math.min(time, end));
        return ended ?? (host.milliseconds() >= end ? 'time over' : undefined);
      },
    });
    if (outcome !== undefined && outcome !== 'time over' && outcome.kind === 'interrupted' && !driver.wasEnded)
      await this.terminate(call.process);
    return outcome ?? 'time over';
  }

  /** In the format that the image was read in, with the settings that it had. */
  private imageBytes(): Uint8Array {
    return writeImage(this.memory, this.format, this.imageSettings);
  }

  /** For the snapshot primitive: undefined when the file is written, else why it is not. */
  private writeSnapshot(): string | undefined {
    const { names } = this.ffi.running;
    if (names.length > 0)
      return `the image cannot be saved while C runs for it: ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} under way`;
    try {
      writeImageFile(this.imagePath.path, this.imageBytes());
      return undefined;
    } catch (error) {
      if (error instanceof ImageFileError) return error.message;
      throw error;
    }
  }

  /** Writes the image as it is now; answers the file's size in bytes. Throws ImageFileError; the old file is then whole. */
  save(path: string): number {
    this.vm.collectGarbage();
    const bytes = this.imageBytes();
    writeImageFile(path, bytes);
    return bytes.length;
  }

  /** The printString of an object, or the outcome that came instead of one. */
  printString(oop: Oop): string | Exclude<Outcome, { kind: 'value' }> {
    return this.textAnswer(oop, 'printString');
  }

  private textAnswer(oop: Oop, selector: string): string | Exclude<Outcome, { kind: 'value' }> {
    const outcome = this.vm.call(oop, selector);
    return outcome.kind === 'value' ? this.memory.stringValueOf(outcome.oop) : outcome;
  }

  /** What an exception says about itself; a sentence that it cannot when asking it fails. */
  describeError(outcome: Extract<Outcome, { kind: 'unhandled' }>): ErrorReport {
    const { memory } = this;
    const className = memory.classNameOf(outcome.exception);
    const stack = this.exceptionStack(outcome.context);
    const exception = this.vm.retain(outcome.exception);
    try {
      const message = this.textAnswer(exception.oop, 'messageText');
      const fault = this.isKindOf(exception.oop, 'FFIFault') ? this.faultOf(exception.oop) : undefined;
      return {
        kind: fault === undefined ? 'smalltalk' : 'fault',
        class: className,
        message: typeof message === 'string' ? message : 'an error whose messageText cannot be had',
        stack,
        fault: fault === undefined ? null : faultFacts(fault),
        text:
          fault === undefined
            ? undefined
            : faultReport(fault, { smalltalkStack: stack.join('  <-  '), registers: true }),
      };
    } finally {
      exception.release();
    }
  }

  private faultOf(exception: Oop): Fault | undefined {
    const outcome = this.vm.call(exception, 'id');
    return outcome.kind === 'value' ? this.ffi.pendingFault(smallIntegerValue(outcome.oop)) : undefined;
  }

  private isKindOf(oop: Oop, className: string): boolean {
    for (let at = this.memory.classOf(oop); at !== this.memory.nil; at = this.vm.superclassOf(at))
      if (this.memory.nameOfClass(at) === className) return true;
    return false;
  }

  private evaluateCallback(request: Oop): Oop {
    const outcome = this.vm.call(this.vm.findClass('FFICallbackActivation')!, 'evaluate:', [request]);
    if (outcome.kind === 'value') return outcome.oop;
    if (outcome.kind !== 'unhandled') throw new LinkError(`a block that C called did not end: ${outcome.kind}`);
    const { class: name, message } = this.describeError(outcome);
    throw new LinkError(`a block that C called failed: ${name}: ${message}`);
  }

  /** The image's answer to `FFILibrary describe:`. Throws LinkError where there is none. */
  private describeLibrary(library: Oop): LibraryDescription {
    const { memory } = this;
    const outcome = this.vm.call(this.vm.findClass('FFILibrary')!, 'describe:', [library]);
    if (outcome.kind === 'unhandled') throw new LinkError(this.describeError(outcome).message);
    if (outcome.kind !== 'value')
      throw new LinkError(`a library did not say what it is: its code ended as ${outcome.kind}`);
    const name = memory.fetchPointer(outcome.oop, 0);
    if (isImmediate(name) || !memory.isBytes(name))
      throw new LinkError(
        `a library answers an instance of ${memory.classNameOf(name)} to ffiLibraryName, expected its file name or path as a String`,
      );
    const checkpoint = memory.fetchPointer(outcome.oop, 1) === memory.true;
    const domain = memory.fetchPointer(outcome.oop, 2);
    return {
      name: memory.stringValueOf(name),
      checkpoint,
      domain: isImmediate(domain) || !memory.isBytes(domain) ? undefined : memory.stringValueOf(domain),
    };
  }

  /** The image's answer about a type that a method of `behavior` names; nil where it has no types of its own. */
  private describeType(name: string, behavior: Oop): Oop {
    const { memory } = this;
    const types = this.vm.findClass('FFIExternalType');
    if (types === undefined) return memory.nil;
    const outcome = this.vm.call(types, 'describe:for:', [memory.newByteString(name), behavior]);
    if (outcome.kind === 'value') return outcome.oop;
    throw new LinkError(`the image did not say what the type ${name} is: its code ended as ${outcome.kind}`);
  }

  /** The frames from `context` outwards as a person wants to see them, innermost first. */
  stackLines(context: Oop): string[] {
    const printer = new ContextPrinter(this.memory, (code, pc) => this.compiler.lineAt(code, pc));
    const contexts = this.vm.stackOf(context);
    const lines = withFramesOfC(printer.printStack(context, 100), (index) => {
      const at = contexts[index];
      return at === undefined ? undefined : calloutOf(this.memory, this.ffi, at);
    });
    const end = lines.findIndex((line) => HOST_FRAMES.test(line));
    return end > 0 ? lines.slice(0, end) : lines;
  }

  /** Lines of the stack of an exception that nobody handled, from the frame that a user wrote and that led to it. */
  private exceptionStack(context: Oop): string[] {
    const lines = this.stackLines(context);
    const first = lines.findIndex((line) => !isSignalFrame(line));
    return first > 0 ? lines.slice(first) : lines;
  }

  /** What the compiler makes of installed code: names of temps and source ranges. Undefined where there is no source. */
  compiledForm(code: Oop): CompiledMethodCode | CompiledBlockCode | undefined {
    return this.compiler.codeOf(code);
  }

  instanceVariableNames(code: Oop): string[] {
    return this.compiler.instanceVariableNames(code);
  }

  close(): void {
    this.ffi.close();
  }
}

/** Screens below this were none. */
const SMALLEST_SCREEN = 64;

/** As large as the image's window was when it was saved; undefined where its file does not say. */
function savedScreenSize(settings: ImageSettings | undefined): ScreenSize | undefined {
  const [width, height] = [(settings?.windowSize ?? 0) >>> 16, (settings?.windowSize ?? 0) & 0xffff];
  return width < SMALLEST_SCREEN || height < SMALLEST_SCREEN ? undefined : { width, height };
}

/**
 * The machinery of signalling, which stands above the frame that a user wants to see first: methods of exceptions, the
 * method that makes a callout and signals its fault, and the one through which the VM says that memory runs out.
 */
const SIGNAL_FRAMES: readonly RegExp[] = [
  /^(\[ ?\] in )?\w+( class)?\((Exception|Error|FFIFault|UnhandledError)( class)?\)>>/,
  /^(Exception|Error|FFIFault|UnhandledError|HostEntry)( class)?>>/,
  /^\w+ class>>signal/,
  /^FullBlockClosure\(BlockClosure\)>>(ensure:|ifCurtailed:) /,
  /^\w+( class)?\((ProtoObject|Object)\)>>(doesNotUnderstand:|primitiveFailed|error:|halt) /,
  /^\w+( class)?(\(\w+( class)?\))?>>ffiCall:((library|module|options|fixedArgumentCount):)* /,
  /^(\[ ?\] in )?FFIRunningCallout( class)?>>/,
  /^UndefinedObject>>\?/,
];

const isSignalFrame = (line: string): boolean => SIGNAL_FRAMES.some((frame) => frame.test(line));

/** The names that are all that is wrong with the source; none where something else is wrong too. */
function undeclaredNames(error: CompileError, source: string): string[] {
  const names = error.problems.map(({ code, start, end }) => (code === 'undeclared' ? source.slice(start, end) : ''));
  return names.every((name) => /^[A-Za-z_]\w*$/.test(name)) ? [...new Set(names)] : [];
}

function sourceCompiler(compiler: ImageCompiler): SourceCompiler {
  return {
    compileDoit: (source) => compiler.compileDoit(source),
    compileMethod: (source, behavior) => compiler.compileMethod(source, behavior),
    complaintOf: (error) => {
      if (error instanceof CompileError) return { message: error.message, line: error.line, column: error.column };
      if (error instanceof InstallError) return { message: error.message, line: 1, column: 1 };
      return undefined;
    },
  };
}
