/**
 * The only bridge from the VM to safeffi: callouts from Smalltalk code, and what the image can ask of the executor.
 *
 * Hot path: a call site (method and pc) is looked up in a cache (call-sites.ts); its linked callout reads its arguments from
 * the calling context, the engine writes the frame, the result becomes an object.
 *
 * The executor is started by the first callout. Faults that are not settled are kept by number until the image settles them.
 */
import {
  type Address,
  type ArgumentValue,
  type CallbackRequest,
  CalloutError,
  CalloutGoesOn,
  type Checkpoint,
  CString,
  type Executor,
  type ExecutorMemory,
  type Fault,
  FFIFault,
  type ResultValue,
  type Session,
} from '../../safeffi/index.ts';
import type { Interpreter } from '../../vm/interpreter/interpreter.ts';
import type { MoveScope } from '../../vm/memory/heap-spaces.ts';
import { methodClassOf } from '../../vm/memory/method-access.ts';
import type { ObjectMemory, RootHolder } from '../../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import {
  AssociationSlot,
  BehaviorSlot,
  ContextSlot,
  PrimitiveError,
  ProcessSlot,
  SchedulerSlot,
  SpecialObject,
} from '../../vm/memory/well-known.ts';
import { asLatin1 } from '../latin1.ts';
import { isBehavior } from '../operands.ts';
import { adaptedArgument } from './adapted-argument.ts';
import { isCallOption, readCallOptions } from './call-options.ts';
import { CallSites } from './call-sites.ts';
import { evaluateNow } from './callback-primitives.ts';
import { type ArgumentSource, CalloutLinker, type LinkedCallout } from './callout-linker.ts';
import { LinkError, SignatureError } from './errors.ts';
import { faultFacts } from './fault-facts.ts';
import type { Adaptation } from './ffi-type.ts';
import { ForeignRequests } from './foreign-requests.ts';
import { ImageCallbacks } from './image-callbacks.ts';
import { RunningCallouts } from './running-callouts.ts';
import { signatureText } from './signature-text.ts';
import { startAndWait, startAside } from './start-and-wait.ts';
import { readTypeDescription } from './type-description.ts';
import type { TypeScope } from './type-resolver.ts';
import { type NameResolver, readLocation } from './value-location.ts';
import { ValueConverter } from './values.ts';

export interface LibraryDescription {
  /** File name or path. */
  readonly name: string;
  /** Take a checkpoint before every callout of it. */
  readonly checkpoint: boolean;
  /** The domain that it lives in; undefined for the main one. */
  readonly domain?: string | undefined;
}

/** What the bridge needs of whoever put the VM together. */
export interface FfiHost {
  /** Opened for the first callout. */
  openSession(): Session;
  /** Names in the image's code as they stand now; asked for anew each time a callout is linked. */
  names(): NameResolver;
  /** Frames of the image's code from `context` outwards, on one line, for reports. */
  describeStack(context: Oop): string;
  /**
   * What the image knows of a type that a method of `behavior` names: the answer of `FFIExternalType class>>describe:for:`,
   * nil for nothing. Objects may move meanwhile.
   */
  describeType(name: string, behavior: Oop): Oop;
  /**
   * The library of an object, as `FFILibrary class>>describe:` tells it: an FFILibrary, a class of them, whoever makes a callout.
   * Objects may move meanwhile. Throws LinkError where it has none.
   */
  describeLibrary(library: Oop): LibraryDescription;
  /**
   * Evaluates what an Array of callable and arguments says, in a process of its own, and answers the value; objects may move.
   * Throws LinkError with what happened instead.
   */
  evaluateCallback(request: Oop): Oop;
  /**
   * Asks a person how to go on after an unhandled fault, by one of the choices that are open: source of a one-argument block,
   * or undefined to leave it.
   */
  chooseResolution(report: string, choices: readonly string[]): string | undefined;
}

export interface PendingFault {
  readonly fault: FFIFault;
  /** Undefined when the fault came from reading or writing memory. */
  readonly callout: LinkedCallout | undefined;
}

/** A callout that was made, and the Array of its arguments. */
export interface MadeCallout {
  readonly callout: LinkedCallout;
  readonly values: Oop;
}

export class FfiBridge implements RootHolder {
  readonly interpreter: Interpreter;
  readonly host: FfiHost;
  private readonly sites = new CallSites();
  private readonly pending = new Map<number, PendingFault>();
  private openedSession: Session | undefined;
  private openedLinker: CalloutLinker | undefined;
  private openedValues: ValueConverter | undefined;
  private nextFaultId = 1;
  readonly running: RunningCallouts;
  /** Checkpoints that the image made and did not end yet. */
  readonly checkpoints = new Map<number, Checkpoint>();
  readonly callbacks: ImageCallbacks;
  readonly foreign: ForeignRequests;
  faultCount = 0;
  private destinedFor: Executor | undefined;
  /** The callout that came back last: whose errno the image may ask for. */
  lastCallout: LinkedCallout | undefined;

  constructor(interpreter: Interpreter, host: FfiHost) {
    this.interpreter = interpreter;
    this.host = host;
    interpreter.memory.addRootHolder(this);
    this.running = new RunningCallouts(this);
    this.callbacks = new ImageCallbacks(interpreter.memory, (id, args) => evaluateNow(this, id, args));
    this.foreign = new ForeignRequests(this);
  }

  // Roots: the cache's tags are no roots, they are forgotten.

  visitRoots(): void {}

  objectsMoved(scope: MoveScope): void {
    const { memory } = this.interpreter;
    this.sites.forget(scope === 'young' ? (oop) => !isImmediate(oop) && memory.isYoung(oop) : undefined);
    if (scope !== 'young') this.openedValues?.forgetClasses();
  }

  get session(): Session {
    this.openedSession ??= this.host.openSession();
    return this.openedSession;
  }

  /** Whose C code gets the values that are being converted: the main domain's, but for callouts of others. */
  get destination(): Executor {
    return this.destinedFor ?? this.session.executor;
  }

  set destination(executor: Executor) {
    this.destinedFor = executor;
  }

  /** Callouts run in this process, where nothing goes on beside them. */
  private get isDirect(): boolean {
    return this.session.executor.kind === 'direct';
  }

  /** Evaluates a block with its arguments in a process of its own; answers its value. Throws an Error where it has none. */
  evaluate(request: Oop): Oop {
    return this.host.evaluateCallback(request);
  }

  /** The memory that an address lies in: of the domain whose executor's generation it has. */
  memoryOf(address: Address): ExecutorMemory {
    const { session } = this;
    const home = session.domains.find((domain) => session.executorOf(domain).generation === address.generation);
    return (home === undefined ? session.executor : session.executorOf(home)).memory;
  }

  /** True once a callout or a question about the executor started one. */
  get isOpen(): boolean {
    return this.openedSession !== undefined;
  }

  get values(): ValueConverter {
    if (this.openedValues === undefined) {
      const { memory } = this.interpreter;
      this.openedValues = new ValueConverter(
        memory,
        globalClassIndex(memory, 'Symbol'),
        globalClassIndex(memory, 'ExternalAddress'),
        (id) => this.callbacks.in(this.destination, id),
      );
    }
    return this.openedValues;
  }

  /** A type of the image changed: call sites are linked anew. */
  forgetTypes(): void {
    this.openedLinker?.types.forget();
    this.sites.forget();
  }

  close(): void {
    this.interpreter.memory.removeRootHolder(this);
    this.openedSession?.close();
    this.openedSession = undefined;
  }

  // The callout

  /**
   * `receiver ffiCall: signature library: library`, from the context that is active; without a library (one argument) in that
   * of the receiver's class. `hasOptions`: behind these come options or a count of fixed arguments.
   */
  callout(argumentCount: number, hasOptions = false): boolean {
    const { interpreter } = this;
    const { context } = interpreter;
    const method = interpreter.memory.fetchPointer(context, ContextSlot.METHOD);
    const pc = interpreter.pc - method;
    const site = this.sites.at(method, pc);
    let { callout } = site;
    if (
      callout === undefined ||
      site.method !== method ||
      site.pc !== pc ||
      site.signature !== interpreter.stackValue(argumentCount - 1) ||
      site.library !== this.library(argumentCount, hasOptions)
    ) {
      try {
        callout = this.link(argumentCount, hasOptions);
      } catch (error) {
        return this.refuse(error, undefined);
      }
    }
    let result: ResultValue;
    try {
      result = this.invoke(callout, interpreter.context);
    } catch (error) {
      const values = this.argumentsOf(callout, interpreter.context);
      if (error instanceof CalloutGoesOn)
        return this.goesOn(error, callout, interpreter.stackValue(argumentCount), values);
      this.releaseTemporaries(this.callbacks.takeTemporaries());
      return this.refuse(error, { callout, values });
    }
    this.releaseTemporaries(this.callbacks.takeTemporaries());
    this.lastCallout = callout;
    if (callout.hasOutPointers) this.stampOutPointers(callout, this.argumentReader(callout, interpreter.context));
    return this.answerResult(argumentCount, result, callout);
  }

  /** Fails the primitive with the number of the callout, which the image waits for (`FFIRunningCallout`). */
  goesOn(still: CalloutGoesOn, callout: LinkedCallout, receiver: Oop, values: Oop): false {
    const objects = { process: this.activeProcess(), receiver, values };
    const temporaries = this.callbacks.takeTemporaries();
    const id = this.running.add(still, callout, objects, temporaries);
    return this.interpreter.failWith(smallIntegerOop(id));
  }

  /** Blocks that were given to a callout, which is over. */
  releaseTemporaries(ids: readonly number[]): void {
    for (const id of ids) this.callbacks.release(id);
  }

  private invoke(callout: LinkedCallout, context: Oop): ResultValue {
    const { sources, prepared } = callout;
    this.destinedFor = callout.executor;
    const deadlineMs = this.deadlineMs();
    const within = this.openRequest(callout.executor);
    const mayCallBack = callout.takesCallbacks || this.callbacks.count > 0;
    if (deadlineMs === undefined && within === undefined && (prepared.pends || (this.isDirect && !mayCallBack))) {
      switch (sources.length) {
        case 0:
          return prepared.invoke();
        case 1:
          return prepared.invoke(this.read(sources[0]!, context));
        case 2:
          return prepared.invoke(this.read(sources[0]!, context), this.read(sources[1]!, context));
        case 3:
          return prepared.invoke(
            this.read(sources[0]!, context),
            this.read(sources[1]!, context),
            this.read(sources[2]!, context),
          );
        default:
          return prepared.invoke(...sources.map((source) => this.read(source, context)));
      }
    }
    const args = sources.map((source) => this.read(source, context));
    if (!prepared.pends && this.callbacks.count > 0) throw startAside(prepared, args, { deadlineMs });
    return startAndWait(prepared, args, { deadlineMs, within });
  }

  /** The call with other arguments than those that stand at its site. */
  callWith(callout: LinkedCallout, args: readonly ArgumentValue[]): ResultValue {
    const deadlineMs = this.deadlineMs();
    return startAndWait(callout.prepared, args, { deadlineMs, within: this.openRequest(callout.executor) });
  }

  /** The innermost request of that executor's C code that the active process answers: its callouts nest there. */
  private openRequest(executor: Executor): CallbackRequest | undefined {
    if (this.callbacks.count === 0) return undefined;
    const process = this.activeProcess();
    const isOfIt = ({ callback }: CallbackRequest) => this.callbacks.isOf(callback, executor);
    return this.running.requestOf(process, isOfIt) ?? this.foreign.requestOf(process, isOfIt);
  }

  /** An object as the argument that `source` describes, or as one of no particular type. */
  argumentFrom(oop: Oop, source: ArgumentSource | undefined): ArgumentValue {
    const adaptation = source?.kind === 'location' ? source.adaptation : undefined;
    return adaptation === undefined ? this.values.toC(oop) : this.adapted(oop, adaptation);
  }

  private read(source: ArgumentSource, context: Oop): ArgumentValue {
    if (source.kind === 'location') {
      const oop = readLocation(this.interpreter.memory, context, source.location);
      return source.adaptation === undefined ? this.values.toC(oop) : this.adapted(oop, source.adaptation);
    }
    const { value } = source;
    return typeof value === 'object' && value !== null ? new CString(Buffer.from(value.text, 'latin1')) : value;
  }

  /** Addresses that C wrote belong to the executor of now. */
  stampOutPointers(callout: LinkedCallout, argumentAt: (index: number) => Oop): void {
    const { values } = this;
    callout.sources.forEach((source, i) => {
      if (source.kind !== 'location' || source.adaptation?.kind !== 'outPointer') return;
      const held = values.heldBy(argumentAt(i));
      if (values.isAddress(held)) values.stampGeneration(held, callout.executor.generation);
    });
  }

  private argumentReader(callout: LinkedCallout, context: Oop): (index: number) => Oop {
    const { memory } = this.interpreter;
    return (index) => {
      const source = callout.sources[index]!;
      return source.kind === 'location' ? readLocation(memory, context, source.location) : memory.nil;
    };
  }

  /** The bytes of the heap that C writes to through an argument; undefined where it writes to none. */
  bytesBehind(oop: Oop, adaptation: Adaptation | undefined): Uint8Array | undefined {
    const value = adaptation === undefined ? this.values.toC(oop) : adaptedArgument(this, oop, adaptation);
    if (value instanceof CString) return value.bytes;
    return value instanceof Uint8Array ? value : undefined;
  }

  private adapted(oop: Oop, adaptation: Adaptation): ArgumentValue {
    return adaptedArgument(this, oop, adaptation);
  }

  /** Links the call site that the active context is at, and remembers it. Objects may move while a library is asked its name. */
  private link(argumentCount: number, hasOptions: boolean): LinkedCallout {
    const { interpreter } = this;
    const { memory } = interpreter;
    const library = this.libraryAt(argumentCount, this.library(argumentCount, hasOptions));
    const options = readCallOptions(memory, hasOptions ? this.optionValues(argumentCount) : []);
    const callout = this.linker.link(
      {
        signature: signatureText(memory, interpreter.stackValue(argumentCount - 1)),
        library: { ...library, checkpoint: library.checkpoint || options.checkpoint },
        fixedArgumentCount: options.fixedArgumentCount,
        types: this.typeScope(),
        context: () => interpreter.activeContext(),
      },
      () => this.host.names(),
    );
    const method = memory.fetchPointer(interpreter.activeContext(), ContextSlot.METHOD);
    const pc = interpreter.pc - method;
    const signature = interpreter.stackValue(argumentCount - 1);
    const key = this.library(argumentCount, hasOptions);
    Object.assign(this.sites.at(method, pc), { method, pc, signature, library: key, callout });
    return callout;
  }

  get linker(): CalloutLinker {
    this.openedLinker ??= new CalloutLinker(this.session);
    return this.openedLinker;
  }

  /** Types as the class sees them whose method makes the callout. */
  private typeScope(): TypeScope {
    const { interpreter } = this;
    const { memory } = interpreter;
    return this.typeScopeOf(
      () => methodClassOf(memory, memory.fetchPointer(interpreter.activeContext(), ContextSlot.METHOD)) ?? memory.nil,
    );
  }

  /** Types as a class sees them, which is asked for anew each time because objects may have moved. */
  typeScopeOf(methodClass: () => Oop): TypeScope {
    const { host } = this;
    const { memory } = this.interpreter;
    const behavior = methodClass();
    return {
      className: behavior === memory.nil ? '' : memory.nameOfClass(behavior),
      describe: (name) => {
        const answer = host.describeType(name, methodClass());
        return answer === memory.nil ? undefined : readTypeDescription(memory, answer);
      },
    };
  }

  /** The library that a call names, or the class of the receiver, which knows its own. */
  private library(argumentCount: number, hasOptions: boolean): Oop {
    const { interpreter } = this;
    const { memory } = interpreter;
    if (argumentCount > 1) {
      const second = interpreter.stackValue(argumentCount - 2);
      if (!hasOptions || !isCallOption(memory, second)) return second;
    }
    return memory.classOf(interpreter.stackValue(argumentCount));
  }

  /** What stands behind signature and library: options, the count of fixed arguments. */
  private optionValues(argumentCount: number): Oop[] {
    const { interpreter } = this;
    const values: Oop[] = [];
    for (let i = argumentCount - 2; i >= 0; i--) {
      const value = interpreter.stackValue(i);
      if (isCallOption(interpreter.memory, value)) values.push(value);
    }
    return values;
  }

  /** The library that a call names; without one, the one that the receiver says. Objects may move. */
  private libraryAt(argumentCount: number, library: Oop): LibraryDescription {
    const { interpreter, host } = this;
    const { memory } = interpreter;
    if (!isImmediate(library) && memory.isBytes(library))
      return { name: memory.stringValueOf(library), checkpoint: false };
    const receiver = interpreter.stackValue(argumentCount);
    if (library === memory.classOf(receiver)) return host.describeLibrary(receiver);
    const description = library === memory.nil ? 'nil' : `an instance of ${memory.classNameOf(library)}`;
    const isLibrary = !isImmediate(library) && library !== memory.nil && this.isLibrary(library);
    if (isLibrary) return host.describeLibrary(library);
    throw new LinkError(`a library is ${description}, expected its file name or path as a String, or an FFILibrary`);
  }

  /** An FFILibrary, or a class of them. */
  private isLibrary(oop: Oop): boolean {
    const { memory } = this.interpreter;
    const isOne = (start: Oop): boolean => {
      for (let at = start; at !== memory.nil; at = memory.fetchPointer(at, BehaviorSlot.SUPERCLASS))
        if (memory.nameOfClass(at) === 'FFILibrary') return true;
      return false;
    };
    return isOne(memory.classOf(oop)) || (isBehavior(memory, oop) && isOne(oop));
  }

  /** `receiver` is what a function without a result answers; the primitive's own by default. */
  answerResult(argumentCount: number, result: ResultValue, callout: LinkedCallout, receiver?: Oop): boolean {
    const { interpreter } = this;
    const { memory } = interpreter;
    if (result instanceof Uint8Array && !memory.hasRoomFor((result.length + 3) >> 2))
      return interpreter.fail(PrimitiveError.NO_MEMORY);
    const answer = receiver ?? interpreter.stackValue(argumentCount);
    return interpreter.answer(argumentCount, this.values.toObject(result, callout.result, answer));
  }

  // Failure

  /** Fails the primitive with what the image makes an error or a fault of. Bugs of ours go through. */
  refuse(error: unknown, made: MadeCallout | undefined): false {
    const { interpreter } = this;
    const { memory } = interpreter;
    if (error instanceof FFIFault) return interpreter.failWith(this.keep(error, made));
    if (error instanceof CalloutError || error instanceof LinkError || error instanceof SignatureError)
      return interpreter.failWith(memory.newByteString(asLatin1(error.message)));
    throw error;
  }

  private keep(fault: FFIFault, made: MadeCallout | undefined): Oop {
    const { interpreter } = this;
    const id = this.nextFaultId++;
    this.faultCount++;
    this.pending.set(id, { fault, callout: made?.callout });
    const stack = this.host.describeStack(interpreter.activeContext());
    const values = made?.values ?? interpreter.memory.newArray(0);
    return faultFacts(interpreter.memory, this.values, fault.fault, id, stack, values);
  }

  /** An Array of a call's arguments as objects: what a retry is made with, because views of the heap do not outlast a safepoint. */
  private argumentsOf(callout: LinkedCallout, context: Oop): Oop {
    const { memory } = this.interpreter;
    const array = memory.newArray(callout.sources.length);
    callout.sources.forEach((source, i) => {
      const value =
        source.kind === 'location'
          ? readLocation(memory, context, source.location)
          : this.values.constant(source.value);
      memory.storePointer(array, i, value);
    });
    return array;
  }

  /** What is known of the fault of that number, while it is not settled. */
  pendingFault(id: number): Fault | undefined {
    return this.pending.get(id)?.fault.fault;
  }

  pendingAt(id: number): PendingFault | undefined {
    return this.pending.get(id);
  }

  /** The pending fault of that number, which is pending no more. */
  takePending(id: number): PendingFault | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    return pending;
  }

  // Deadlines: each Smalltalk process has its own

  private deadlineMs(): number | undefined {
    const deadline = this.interpreter.memory.fetchPointer(this.activeProcess(), ProcessSlot.CALLOUT_DEADLINE);
    return isSmallInteger(deadline) ? smallIntegerValue(deadline) : undefined;
  }

  activeProcess(): Oop {
    const { memory } = this.interpreter;
    const association = memory.specialObject(SpecialObject.SCHEDULER_ASSOCIATION);
    return memory.fetchPointer(memory.fetchPointer(association, AssociationSlot.VALUE), SchedulerSlot.ACTIVE_PROCESS);
  }
}

/** The index of the class that is the global of that name, or -1 where the image has none. */
function globalClassIndex(memory: ObjectMemory, name: string): number {
  const HASHED_ARRAY = 1;
  const array = memory.fetchPointer(memory.specialObject(SpecialObject.SMALLTALK), HASHED_ARRAY);
  for (let i = 0; i < memory.slotCountOf(array); i++) {
    const association = memory.fetchPointer(array, i);
    if (association === memory.nil) continue;
    if (memory.stringValueOf(memory.fetchPointer(association, AssociationSlot.KEY)) === name)
      return memory.indexOfClass(memory.fetchPointer(association, AssociationSlot.VALUE));
  }
  return -1;
}
