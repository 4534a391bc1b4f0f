/**
 * The only bridge from the VM to safeffi: callouts from Smalltalk code, and what the image can ask of the executor.
 *
 * Hot path: a call site (method and pc) is looked up in a direct-mapped cache; its linked callout reads its arguments from
 * the calling context, the engine writes the frame, the result becomes an object. The cache holds oops as tags and is
 * emptied whenever objects move.
 *
 * The executor is started by the first callout. Faults that are not settled are kept by number until the image settles them.
 */
import {
  type Address,
  type ArgumentValue,
  CalloutError,
  CString,
  type Fault,
  FFIFault,
  type ResultValue,
  type Session,
} from '../../safeffi/index.ts';
import type { Interpreter } from '../../vm/interpreter/interpreter.ts';
import type { ObjectMemory, RootHolder } from '../../vm/memory/object-memory.ts';
import { isSmallInteger, NO_OOP, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import {
  AssociationSlot,
  ClassIndex,
  ContextSlot,
  PrimitiveError,
  ProcessSlot,
  SchedulerSlot,
  SpecialObject,
} from '../../vm/memory/well-known.ts';
import { type ArgumentSource, CalloutLinker, type LinkedCallout } from './callout-linker.ts';
import { LinkError, SignatureError } from './errors.ts';
import { faultFacts } from './fault-facts.ts';
import { signatureText } from './signature-text.ts';
import { type NameResolver, readLocation } from './value-location.ts';
import { ValueConverter } from './values.ts';

/** Places in the call site cache; a power of two. */
const SITES = 1024;

interface Site {
  method: Oop;
  pc: number;
  signature: Oop;
  library: Oop;
  callout: LinkedCallout | undefined;
}

/** What the bridge needs of whoever put the VM together. */
export interface FfiHost {
  /** Opened for the first callout. */
  openSession(): Session;
  /** Names in the image's code as they stand now; asked for anew each time a callout is linked. */
  names(): NameResolver;
  /** Frames of the image's code from `context` outwards, on one line, for reports. */
  describeStack(context: Oop): string;
  /** Asks a person how to go on after an unhandled fault: source of a one-argument block, or undefined to leave it. */
  chooseResolution(report: string): string | undefined;
}

interface PendingFault {
  readonly fault: FFIFault;
  /** Undefined when the fault came from reading or writing memory. */
  readonly callout: LinkedCallout | undefined;
}

export class FfiBridge implements RootHolder {
  private readonly interpreter: Interpreter;
  private readonly host: FfiHost;
  private readonly sites: Site[] = [];
  private readonly pending = new Map<number, PendingFault>();
  private openedSession: Session | undefined;
  private openedLinker: CalloutLinker | undefined;
  private openedValues: ValueConverter | undefined;
  private nextFaultId = 1;
  faultCount = 0;

  constructor(interpreter: Interpreter, host: FfiHost) {
    this.interpreter = interpreter;
    this.host = host;
    for (let i = 0; i < SITES; i++)
      this.sites.push({ method: NO_OOP, pc: 0, signature: NO_OOP, library: NO_OOP, callout: undefined });
    interpreter.memory.addRootHolder(this);
  }

  // Roots: the cache's tags are no roots, they are forgotten.

  visitRoots(): void {}

  objectsMoved(): void {
    for (const site of this.sites) {
      site.method = NO_OOP;
      site.callout = undefined;
    }
  }

  get session(): Session {
    this.openedSession ??= this.host.openSession();
    return this.openedSession;
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
      );
    }
    return this.openedValues;
  }

  close(): void {
    this.interpreter.memory.removeRootHolder(this);
    this.openedSession?.close();
    this.openedSession = undefined;
  }

  // The callout

  /** `receiver ffiCall: signature library: library`, from the context that is active. */
  callout(argumentCount: number): boolean {
    const { interpreter } = this;
    const { memory, context } = interpreter;
    const signature = interpreter.stackValue(1);
    const library = interpreter.stackValue(0);
    const method = memory.fetchPointer(context, ContextSlot.METHOD);
    const pc = interpreter.pc - method;
    const site = this.sites[((method >> 3) ^ (pc * 31)) & (SITES - 1)]!;
    let callout = site.callout;
    if (
      callout === undefined ||
      site.method !== method ||
      site.pc !== pc ||
      site.signature !== signature ||
      site.library !== library
    ) {
      try {
        callout = this.link(signature, library);
      } catch (error) {
        return this.refuse(error, undefined);
      }
      site.method = method;
      site.pc = pc;
      site.signature = signature;
      site.library = library;
      site.callout = callout;
    }
    let result: ResultValue;
    try {
      result = this.invoke(callout, context);
    } catch (error) {
      return this.refuse(error, callout);
    }
    return this.answerResult(argumentCount, result, callout);
  }

  private invoke(callout: LinkedCallout, context: Oop): ResultValue {
    const { sources, prepared } = callout;
    const deadlineMs = this.deadlineMs();
    if (deadlineMs === undefined) {
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
      }
    }
    return prepared.call(
      sources.map((source) => this.read(source, context)),
      { deadlineMs },
    );
  }

  private read(source: ArgumentSource, context: Oop): ArgumentValue {
    if (source.kind === 'location')
      return this.values.toC(readLocation(this.interpreter.memory, context, source.location));
    const { value } = source;
    return typeof value === 'object' && value !== null ? new CString(Buffer.from(value.text, 'latin1')) : value;
  }

  private link(signature: Oop, library: Oop): LinkedCallout {
    const { memory } = this.interpreter;
    const context = this.interpreter.activeContext();
    const text = signatureText(memory, signature);
    const name = this.libraryName(library);
    this.openedLinker ??= new CalloutLinker(this.session);
    return this.openedLinker.link(text, name, context, this.host.names());
  }

  private libraryName(library: Oop): string {
    const { memory } = this.interpreter;
    if ((library & 3) === 0 && memory.isBytes(library)) return memory.stringValueOf(library);
    throw new LinkError(
      `a library is ${library === memory.nil ? 'nil' : `an instance of ${memory.classNameOf(library)}`}, expected its file name or path as a String, or an FFILibrary`,
    );
  }

  private answerResult(argumentCount: number, result: ResultValue, callout: LinkedCallout): boolean {
    const { interpreter } = this;
    const { memory } = interpreter;
    if (result instanceof Uint8Array && !memory.hasRoomFor((result.length + 3) >> 2))
      return interpreter.fail(PrimitiveError.NO_MEMORY);
    const receiver = interpreter.stackValue(argumentCount);
    return interpreter.answer(argumentCount, this.values.toObject(result, callout.resultKind, receiver));
  }

  // Failure

  /** Fails the primitive with what the image makes an error or a fault of. Bugs of ours go through. */
  private refuse(error: unknown, callout: LinkedCallout | undefined): false {
    const { interpreter } = this;
    const { memory } = interpreter;
    if (error instanceof FFIFault) return interpreter.failWith(this.keep(error, callout));
    if (error instanceof CalloutError || error instanceof LinkError || error instanceof SignatureError)
      return interpreter.failWith(memory.newByteString(error.message));
    throw error;
  }

  private keep(fault: FFIFault, callout: LinkedCallout | undefined): Oop {
    const { interpreter } = this;
    const id = this.nextFaultId++;
    this.faultCount++;
    this.pending.set(id, { fault, callout });
    const stack = this.host.describeStack(interpreter.activeContext());
    return faultFacts(interpreter.memory, this.values, fault.fault, id, stack);
  }

  // Resolutions

  /** `callAgain: id arguments: anArrayOrNil`. */
  callAgain(argumentCount: number): boolean {
    const { interpreter } = this;
    const { memory } = interpreter;
    const pending = this.take(interpreter.stackValue(1));
    const given = interpreter.stackValue(0);
    if (pending === undefined) return this.refuse(new LinkError('the fault is settled already'), undefined);
    const { callout } = pending;
    if (callout === undefined) {
      pending.fault.answer(undefined);
      return this.refuse(new LinkError('only a callout can be made again; this was an access to memory'), undefined);
    }
    let result: ResultValue;
    try {
      if (given === memory.nil) result = pending.fault.retry();
      else if ((given & 3) === 0 && memory.classIndexOfObject(given) === ClassIndex.ARRAY)
        result = pending.fault.retryWith(this.elementsOf(given));
      else
        throw new LinkError(
          `the arguments of a retry are an instance of ${memory.classNameOf(given)}, expected an Array`,
        );
    } catch (error) {
      if (!(error instanceof FFIFault)) pending.fault.answer(undefined);
      return this.refuse(error, callout);
    }
    return this.answerResult(argumentCount, result, callout);
  }

  private elementsOf(array: Oop): ArgumentValue[] {
    const { memory } = this.interpreter;
    const values: ArgumentValue[] = [];
    for (let i = 0; i < memory.slotCountOf(array); i++) values.push(this.values.toC(memory.fetchPointer(array, i)));
    return values;
  }

  /** `settle: id`: the call is abandoned where it stands. */
  settle(argumentCount: number): boolean {
    const pending = this.take(this.interpreter.stackValue(0));
    pending?.fault.answer(undefined);
    return this.interpreter.answer(argumentCount, this.interpreter.stackValue(argumentCount));
  }

  /** What is known of the fault of that number, while it is not settled. */
  pendingFault(id: number): Fault | undefined {
    return this.pending.get(id)?.fault.fault;
  }

  /** The pending fault of that number, which is pending no more. */
  private take(id: Oop): PendingFault | undefined {
    const key = smallIntegerValue(id);
    const pending = this.pending.get(key);
    this.pending.delete(key);
    return pending;
  }

  restart(argumentCount: number): boolean {
    try {
      this.session.restart();
    } catch (error) {
      return this.refuse(error, undefined);
    }
    return this.interpreter.answer(argumentCount, this.interpreter.stackValue(argumentCount));
  }

  chooseResolution(argumentCount: number): boolean {
    const { interpreter } = this;
    const { memory } = interpreter;
    const source = this.host.chooseResolution(memory.stringValueOf(interpreter.stackValue(0)));
    return interpreter.answer(argumentCount, source === undefined ? memory.nil : memory.newByteString(source));
  }

  // The executor

  /** #(pid generation kind faultCount platform). */
  executorState(argumentCount: number): boolean {
    const { interpreter } = this;
    const { memory } = interpreter;
    const executor = this.isOpen && this.session.started ? this.session.executor : undefined;
    const state: readonly Oop[] = [
      executor?.pid === undefined ? memory.nil : smallIntegerOop(executor.pid),
      smallIntegerOop(executor?.generation ?? 0),
      executor === undefined ? memory.nil : memory.newByteString(executor.kind),
      smallIntegerOop(this.faultCount),
      memory.newByteString(process.platform),
    ];
    const array = memory.newArray(state.length);
    state.forEach((element, i) => {
      memory.storePointer(array, i, element);
    });
    return interpreter.answer(argumentCount, array);
  }

  // Deadlines: each process has its own

  private deadlineMs(): number | undefined {
    const deadline = this.interpreter.memory.fetchPointer(this.activeProcess(), ProcessSlot.CALLOUT_DEADLINE);
    return isSmallInteger(deadline) ? smallIntegerValue(deadline) : undefined;
  }

  private activeProcess(): Oop {
    const { memory } = this.interpreter;
    const association = memory.specialObject(SpecialObject.SCHEDULER_ASSOCIATION);
    return memory.fetchPointer(memory.fetchPointer(association, AssociationSlot.VALUE), SchedulerSlot.ACTIVE_PROCESS);
  }

  exchangeDeadline(argumentCount: number): boolean {
    const { interpreter } = this;
    const { memory } = interpreter;
    const deadline = interpreter.stackValue(0);
    if (deadline !== memory.nil && !(isSmallInteger(deadline) && smallIntegerValue(deadline) > 0))
      return interpreter.fail(PrimitiveError.BAD_ARGUMENT);
    const process = this.activeProcess();
    const before = memory.fetchPointer(process, ProcessSlot.CALLOUT_DEADLINE);
    memory.storePointer(process, ProcessSlot.CALLOUT_DEADLINE, deadline);
    return interpreter.answer(argumentCount, before);
  }

  // Memory of the executor

  /** `bytesAt: offset size: byteCount` of an ExternalAddress. */
  readMemory(argumentCount: number): boolean {
    return this.onMemory(argumentCount, 2, (address) => {
      const { memory } = this.interpreter;
      const size = this.natural(this.interpreter.stackValue(0), 'a byte count');
      if (!memory.hasRoomFor((size + 3) >> 2))
        throw new LinkError(`there is no room for ${size} bytes in the object memory`);
      return this.values.newByteArray(this.session.memory.read(address, size));
    });
  }

  /** `bytesAt: offset put: aByteArray`. */
  writeMemory(argumentCount: number): boolean {
    return this.onMemory(argumentCount, 2, (address) => {
      const { memory } = this.interpreter;
      const bytes = this.interpreter.stackValue(0);
      if ((bytes & 3) !== 0 || !memory.isBytes(bytes))
        throw new LinkError('what is written to C is a ByteArray or a String');
      this.session.memory.write(address, memory.bytesOf(bytes));
      return bytes;
    });
  }

  /** `stringAt: offset`. */
  readString(argumentCount: number): boolean {
    return this.onMemory(argumentCount, 1, (address) =>
      this.values.newString(this.session.memory.readCString(address)),
    );
  }

  /** `ExternalAddress class>>allocate: byteCount`. */
  allocate(argumentCount: number): boolean {
    try {
      const size = this.natural(this.interpreter.stackValue(0), 'a byte count');
      return this.interpreter.answer(argumentCount, this.values.newAddress(this.session.memory.allocate(size)));
    } catch (error) {
      return this.refuse(error, undefined);
    }
  }

  /** `ExternalAddress>>free`: the address becomes null. */
  free(argumentCount: number): boolean {
    return this.onMemory(argumentCount, 0, (address, receiver) => {
      this.session.memory.free(address);
      this.interpreter.memory.bytesOf(receiver).fill(0);
      return receiver;
    });
  }

  /** Runs `action` on the receiver's address plus the offset, which is the first of `parameters` arguments. */
  private onMemory(
    argumentCount: number,
    parameters: number,
    action: (address: Address, receiver: Oop) => Oop,
  ): boolean {
    const { interpreter } = this;
    const receiver = interpreter.stackValue(argumentCount);
    if (argumentCount !== parameters || !this.values.isAddress(receiver))
      return interpreter.fail(PrimitiveError.BAD_RECEIVER);
    try {
      const base = this.values.addressOf(receiver);
      const address = parameters === 0 ? base : base.plus(this.offset(interpreter.stackValue(parameters - 1)));
      return interpreter.answer(argumentCount, action(address, receiver));
    } catch (error) {
      return this.refuse(error, undefined);
    }
  }

  private offset(oop: Oop): number {
    if (isSmallInteger(oop)) return smallIntegerValue(oop);
    throw new LinkError(
      `an offset is an instance of ${this.interpreter.memory.classNameOf(oop)}, expected a SmallInteger`,
    );
  }

  private natural(oop: Oop, what: string): number {
    if (isSmallInteger(oop) && smallIntegerValue(oop) >= 0) return smallIntegerValue(oop);
    throw new LinkError(
      `${what} is ${isSmallInteger(oop) ? smallIntegerValue(oop) : `an instance of ${this.interpreter.memory.classNameOf(oop)}`}, expected a SmallInteger that is not negative`,
    );
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
