/**
 * The interpreter's state, and all that its loop (`loop.ts`) does not do in line: look-up, activation from primitives,
 * closures, errors that become messages, writing registers to the heap and reading them back.
 *
 * Registers. `context` is the active context; `pc` the heap offset of the next bytecode, `sp` the word index of the top of
 * the stack. The loop holds them in locals: it stores `pc` and `sp` here before it calls out, and whoever changes them
 * raises `registersChanged`, so that it reads them anew. Between safepoints the active context's pc and stackp slots in
 * the heap are stale; `writeRegisters` brings them up to date, and every other context's are right.
 *
 * A context's pc slot counts bytes from 1 in the method's body, as Squeak does. Source: Blue Book chapters 27 and 28; Spur's
 * StackInterpreter for primitive errors, unwinding and mustBeBoolean.
 */
import type { Host } from '../host.ts';
import { Collector } from '../memory/collector.ts';
import { homeOf, isContext } from '../memory/contexts.ts';
import {
  headerHasPrimitive,
  headerIsSista,
  headerLiteralCount,
  headerNeedsLargeFrame,
  headerTempCount,
  methodClassOf,
  methodHeaderOf,
  methodNameOf,
} from '../memory/method-access.ts';
import type { MoveScope, ObjectMemory, RootHolder } from '../memory/object-memory.ts';
import { isImmediate, isSmallInteger, NO_OOP, type Oop, smallIntegerOop, smallIntegerValue } from '../memory/oop.ts';
import {
  BlockClosureSlot,
  BlockContextSlot,
  ClosureSlot,
  ContextSlot,
  MessageSlot,
  PrimitiveError,
  SpecialObject,
} from '../memory/well-known.ts';
import { VMBug } from '../vm-bug.ts';
import { ContextPool } from './context-pool.ts';
import { HostCalls } from './host-calls.ts';
import { cacheSlot, MethodCache } from './method-cache.ts';
import { lookupMethod } from './method-lookup.ts';
import type { PrimitiveHost } from './primitive.ts';
import { FIRST_QUICK_PRIMITIVE, LAST_QUICK_PRIMITIVE, PrimitiveTable } from './primitive-table.ts';
import { ProcessScheduler } from './process-scheduler.ts';
import { quickReturnValue } from './rare-bytecodes.ts';
import { Safepoint } from './safepoint.ts';
import { StopReason } from './stop-reason.ts';

/** `callPrimitive` and its two operand bytes. */
const CALL_PRIMITIVE_BYTES = 3;
const STORE_TEMP_BYTECODE = 245;
const STORE_TEMP_BYTES = 2;
/** V3's extended store, and the bits of its operand that mean a temp. */
const V3_STORE_BYTECODE = 129;
const V3_STORES_TEMP = 0x40;
/** A message sent by the VM itself has no literal; look-ups that fail twice are damage. */
const DNU_ARGUMENTS = 1;

/** What to collect: what an allocation asked for, new space, or all. */
export type Collection = 'wanted' | 'young' | 'all';

export class Interpreter implements PrimitiveHost, RootHolder {
  readonly memory: ObjectMemory;
  readonly host: Host;
  readonly cache = new MethodCache();
  readonly primitives = new PrimitiveTable();
  readonly contexts: ContextPool;
  readonly scheduler: ProcessScheduler;
  readonly safepoint: Safepoint;
  readonly hostCalls: HostCalls;
  readonly gc: Collector;
  /** Runs `gc`; assert mode puts its checks around it. */
  collector: (what: Collection) => void = (what) => {
    if (what === 'wanted') this.gc.collectWanted();
    else if (what === 'young') this.gc.scavenge();
    else this.gc.collect();
  };

  // Registers
  context: Oop = NO_OOP;
  pc = 0;
  sp = 0;
  registersChanged = false;
  stop: StopReason = StopReason.NONE;

  // What a look-up found
  newMethod: Oop = NO_OOP;
  newPrimitive = 0;

  /** The error of the primitive that failed last: a code, or an object that stands for it. */
  failureCode = 0;
  private failureObject: Oop = NO_OOP;

  constructor(memory: ObjectMemory, host: Host) {
    this.memory = memory;
    this.host = host;
    this.gc = new Collector(memory, () => host.milliseconds());
    this.contexts = new ContextPool(memory);
    this.scheduler = new ProcessScheduler(this);
    this.safepoint = new Safepoint(this);
    this.hostCalls = new HostCalls(this);
    memory.addRootHolder(this);
  }

  // Roots

  visitRoots(visit: (oop: Oop) => Oop): void {
    const moved = (oop: Oop): Oop => (oop === NO_OOP ? NO_OOP : visit(oop));
    this.context = moved(this.context);
    this.newMethod = moved(this.newMethod);
    this.failureObject = moved(this.failureObject);
  }

  objectsMoved(scope: MoveScope): void {
    if (scope === 'young') this.cache.dropYoung(this.memory.oldStart);
    else this.cache.flush();
    this.contexts.forgetFreeContexts();
  }

  /** Collects now. Contract: `pc` and `sp` are stored, and the caller holds no oop in a local that it uses afterwards. */
  collect(what: Collection = 'all'): void {
    this.movingObjects(() => this.collector(what));
    // The safepoint that follows signals the finalization semaphore.
    if (this.memory.mourners.isSignalWanted) this.safepoint.countdown = 0;
  }

  /** Runs something that moves or exchanges objects, with the registers safe in the heap meanwhile. */
  movingObjects(action: () => void): void {
    this.writeRegisters();
    this.contexts.retireFreeContexts();
    action();
    this.readRegisters();
  }

  // Registers and contexts

  /** Stores pc and stackp into the active context. */
  writeRegisters(): void {
    const { context } = this;
    if (context === NO_OOP) return;
    const i32 = this.memory.i32;
    const slots = (context >> 2) + 2;
    const method = this.memory.fetchPointer(homeOf(this.memory, context), ContextSlot.METHOD);
    i32[slots + ContextSlot.PC] = smallIntegerOop(this.pc - method - 7);
    i32[slots + ContextSlot.STACKP] = smallIntegerOop(this.sp - (slots + ContextSlot.STACK) + 1);
  }

  /** Reads pc and sp from the active context, and remembers it: the loop writes its stack without the barrier. */
  readRegisters(): void {
    this.registersChanged = true;
    const { context } = this;
    if (context === NO_OOP) return;
    const home = homeOf(this.memory, context);
    this.memory.remember(context);
    this.memory.remember(home);
    const i32 = this.memory.i32;
    const slots = (context >> 2) + 2;
    this.pc = i32[(home >> 2) + 2 + ContextSlot.METHOD]! + 7 + (i32[slots + ContextSlot.PC]! >> 1);
    this.sp = slots + ContextSlot.STACK + (i32[slots + ContextSlot.STACKP]! >> 1) - 1;
  }

  /** Leaves the active context (its registers are written) and goes on in another. NO_OOP: in none. */
  switchToContext(context: Oop): void {
    this.writeRegisters();
    this.context = context;
    this.readRegisters();
  }

  activeContext(): Oop {
    this.writeRegisters();
    this.contexts.expose(this.context);
    return this.context;
  }

  /** True for a context that can be returned to: pc and stackp lie inside its method and its own slots. */
  isResumable(context: Oop): boolean {
    const { memory } = this;
    if (!isContext(memory, context)) return false;
    const home = homeOf(memory, context);
    if (!isContext(memory, home)) return false;
    const pc = memory.fetchPointer(context, ContextSlot.PC);
    const stackp = memory.fetchPointer(context, ContextSlot.STACKP);
    const method = memory.fetchPointer(home, ContextSlot.METHOD);
    if (!isSmallInteger(pc) || !isSmallInteger(stackp) || isImmediate(method) || !memory.isCompiledMethod(method))
      return false;
    const header = methodHeaderOf(memory, method);
    const depth = smallIntegerValue(stackp);
    return (
      smallIntegerValue(pc) > (headerLiteralCount(header) + 1) * 4 &&
      smallIntegerValue(pc) <= memory.byteSizeOf(method) &&
      depth >= 0 &&
      depth < memory.slotCountOf(context) - ContextSlot.STACK
    );
  }

  // The stack, for primitives

  stackValue(offset: number): Oop {
    return this.memory.i32[this.sp - offset]! as Oop;
  }

  push(oop: Oop): void {
    this.memory.i32[++this.sp] = oop;
  }

  answer(argumentCount: number, result: Oop): true {
    this.sp -= argumentCount;
    this.memory.i32[this.sp] = result;
    return true;
  }

  fail(code: number): false {
    this.failureCode = code;
    this.failureObject = NO_OOP;
    return false;
  }

  failWith(errorObject: Oop): false {
    this.failureCode = PrimitiveError.GENERIC;
    this.failureObject = errorObject;
    return false;
  }

  // Primitives

  /** Runs primitive `index` on the arguments that lie on the stack. When it lacks memory, collects and tries once more. */
  runPrimitive(index: number, argumentCount: number): boolean {
    const run = this.primitives.functions[index];
    if (run === undefined) {
      // Sends do these in line; a method that is performed comes here. Its code may be nothing but the primitive's number.
      if (index >= FIRST_QUICK_PRIMITIVE && index <= LAST_QUICK_PRIMITIVE)
        return this.answer(argumentCount, quickReturnValue(this.memory, index, this.stackValue(argumentCount)));
      this.primitives.noteMissing(index);
      return this.fail(index > FIRST_NAMED ? PrimitiveError.NOT_FOUND : PrimitiveError.UNSUPPORTED);
    }
    this.failureCode = 0;
    if (run(this, argumentCount)) return true;
    if (this.failureCode !== PrimitiveError.NO_MEMORY || !this.memory.collectionWanted) return false;
    this.collect('wanted');
    return run(this, argumentCount);
  }

  /** The object that stands for the failure of the last primitive: from the image's table, or the code itself. */
  failureOop(): Oop {
    if (this.failureObject !== NO_OOP) return this.failureObject;
    const { memory } = this;
    const table = memory.specialObject(SpecialObject.PRIMITIVE_ERROR_TABLE);
    if (!isImmediate(table) && memory.isPointers(table) && this.failureCode <= memory.slotCountOf(table)) {
      const symbol = memory.fetchPointer(table, this.failureCode - 1);
      if (symbol !== memory.nil) return symbol;
    }
    return smallIntegerOop(this.failureCode);
  }

  /**
   * Where a new context begins in `method` whose primitive failed or was not tried. When the code is to be told why
   * (`storeTemp` follows `callPrimitive`), puts the error into that temp and starts behind the store.
   */
  startOf(method: Oop, header: number, context: Oop): number {
    const { u8, i32 } = this.memory;
    let start = method + 8 + ((headerLiteralCount(header) + 1) << 2);
    if (!headerHasPrimitive(header)) return start;
    start += CALL_PRIMITIVE_BYTES;
    const operand = u8[start + 1]!;
    const storesTemp = headerIsSista(header)
      ? u8[start] === STORE_TEMP_BYTECODE
      : u8[start] === V3_STORE_BYTECODE && operand >> 6 === V3_STORES_TEMP >> 6;
    if (storesTemp && this.failureCode !== 0) {
      const temp = headerIsSista(header) ? operand : operand & ~V3_STORES_TEMP;
      i32[(context >> 2) + 2 + ContextSlot.STACK + temp] = this.failureOop();
      start += STORE_TEMP_BYTES;
    }
    this.failureCode = 0;
    return start;
  }

  // Sends

  /**
   * Finds the method for `selector` in the class of that index and enters it into the cache; `newMethod` and
   * `newPrimitive` name it. Where there is none, the arguments become a Message and #doesNotUnderstand: is found
   * instead. Answers the argument count, which that changes. `lookupClass` is given for super sends.
   */
  findMethod(selector: Oop, argumentCount: number, lookupClass: Oop, cacheUnder: number): number {
    const { memory } = this;
    const method = lookupMethod(memory, lookupClass, selector);
    if (method === NO_OOP) {
      const dnu = memory.specialObject(SpecialObject.SELECTOR_DOES_NOT_UNDERSTAND);
      if (selector === dnu)
        throw new VMBug(
          'no-does-not-understand',
          `${memory.nameOfClass(lookupClass)} understands neither a message nor #doesNotUnderstand:`,
          { class: lookupClass },
        );
      this.createMessage(selector, argumentCount, lookupClass);
      return this.findMethod(dnu, DNU_ARGUMENTS, lookupClass, cacheUnder);
    }
    if (isImmediate(method) || !memory.isCompiledMethod(method)) {
      // An object in a method dictionary that is no code is asked to run in the method's place.
      return this.runObjectAsMethod(selector, argumentCount, method);
    }
    this.newMethod = method;
    this.newPrimitive = this.primitives.indexFor(memory, method);
    if (cacheUnder >= 0) this.cache.enter(selector, cacheUnder, method, this.newPrimitive);
    return argumentCount;
  }

  /** Replaces the arguments on the stack by a Message that holds them. */
  private createMessage(selector: Oop, argumentCount: number, lookupClass: Oop): void {
    const { memory } = this;
    const values = this.popToArray(argumentCount);
    const messageClass = memory.specialObject(SpecialObject.CLASS_MESSAGE);
    const message = memory.instantiate(messageClass);
    memory.storePointer(message, MessageSlot.SELECTOR, selector);
    memory.storePointer(message, MessageSlot.ARGUMENTS, values);
    if (memory.slotCountOf(message) > MessageSlot.LOOKUP_CLASS)
      memory.storePointer(message, MessageSlot.LOOKUP_CLASS, lookupClass);
    this.push(message);
  }

  /** Pops values into an Array, the deepest first. */
  popToArray(count: number): Oop {
    const { memory } = this;
    const array = memory.newArray(count);
    for (let i = 0; i < count; i++) memory.storePointer(array, i, this.stackValue(count - 1 - i));
    this.sp -= count;
    return array;
  }

  private runObjectAsMethod(selector: Oop, argumentCount: number, object: Oop): number {
    const { memory } = this;
    const values = this.popToArray(argumentCount);
    const receiver = this.stackValue(0);
    this.sp--;
    this.push(object);
    this.push(selector);
    this.push(values);
    this.push(receiver);
    const runWithIn = memory.specialObject(SpecialObject.SELECTOR_RUN_WITH_IN);
    return this.findMethod(runWithIn, 3, memory.classOf(object), -1);
  }

  /** A whole send from outside the loop: receiver and arguments lie on the stack. */
  send(selector: Oop, argumentCount: number): void {
    this.sendToClass(selector, argumentCount, this.memory.classOf(this.stackValue(argumentCount)));
  }

  sendToClass(selector: Oop, argumentCount: number, lookupClass: Oop): void {
    let count = argumentCount;
    const classIndex = this.memory.indexOfClass(lookupClass);
    const { words } = this.cache;
    const slot = cacheSlot(selector, classIndex);
    if (words[slot] === selector && words[slot + 1] === classIndex) {
      this.newMethod = words[slot + 2]! as Oop;
      this.newPrimitive = words[slot + 3]!;
    } else {
      count = this.findMethod(selector, argumentCount, lookupClass, classIndex);
    }
    this.noteReceiver(this.stackValue(count));
    this.execute(count);
  }

  /** Runs `newMethod` with the arguments on the stack: its primitive, or else its code. */
  execute(argumentCount: number): void {
    const primitive = this.newPrimitive;
    this.failureCode = 0;
    if (primitive !== 0 && this.runPrimitive(primitive, argumentCount)) {
      this.registersChanged = true;
      return;
    }
    this.activate(this.newMethod, argumentCount);
  }

  /** A message to a context makes it, and all below it, known to Smalltalk code. */
  noteReceiver(receiver: Oop): void {
    if (!isContext(this.memory, receiver)) return;
    this.writeRegisters();
    this.contexts.expose(receiver);
  }

  /** A new context for `method`; receiver and arguments move from the stack into it. */
  activate(method: Oop, argumentCount: number): void {
    const { memory } = this;
    const { i32 } = memory;
    const header = methodHeaderOf(memory, method);
    const context = this.contexts.allocate(headerNeedsLargeFrame(header));
    const slots = (context >> 2) + 2;
    const base = slots + ContextSlot.STACK;
    const receiverAt = this.sp - argumentCount;
    i32[slots + ContextSlot.SENDER] = this.context;
    i32[slots + ContextSlot.METHOD] = method;
    i32[slots + ContextSlot.CLOSURE] = memory.nil;
    i32[slots + ContextSlot.RECEIVER] = i32[receiverAt]!;
    for (let i = 0; i < argumentCount; i++) i32[base + i] = i32[receiverAt + 1 + i]!;
    const temps = headerTempCount(header);
    for (let i = argumentCount; i < temps; i++) i32[base + i] = memory.nil;
    this.sp = receiverAt - 1;
    this.writeRegisters();
    this.pc = this.startOf(method, header, context);
    this.sp = base + temps - 1;
    this.context = context;
    this.registersChanged = true;
  }

  /** A new context for a closure's code. Contract: the closure lies below its `argumentCount` arguments, which match. */
  activateClosure(closure: Oop, argumentCount: number): void {
    const { memory } = this;
    const { i32 } = memory;
    const code = memory.fetchPointer(closure, ClosureSlot.CODE);
    const header = methodHeaderOf(memory, code);
    const context = this.contexts.allocate(headerNeedsLargeFrame(header));
    const slots = (context >> 2) + 2;
    const base = slots + ContextSlot.STACK;
    const closureAt = this.sp - argumentCount;
    i32[slots + ContextSlot.SENDER] = this.context;
    i32[slots + ContextSlot.METHOD] = code;
    i32[slots + ContextSlot.CLOSURE] = closure;
    i32[slots + ContextSlot.RECEIVER] = memory.fetchPointer(closure, ClosureSlot.RECEIVER);
    let next = base;
    for (let i = 1; i <= argumentCount; i++) i32[next++] = i32[closureAt + i]!;
    const copied = memory.slotCountOf(closure) - ClosureSlot.FIRST_COPIED;
    const firstCopied = (closure >> 2) + 2 + ClosureSlot.FIRST_COPIED;
    for (let i = 0; i < copied; i++) i32[next++] = i32[firstCopied + i]!;
    const end = base + headerTempCount(header);
    while (next < end) i32[next++] = memory.nil;
    this.sp = closureAt - 1;
    this.writeRegisters();
    this.pc = code + 8 + ((headerLiteralCount(header) + 1) << 2);
    this.sp = end - 1;
    this.context = context;
    this.registersChanged = true;
  }

  /** The same for a closure of V3, whose code lies in the method that made it. Its own temps are pushed by its code. */
  activateBlockClosure(closure: Oop, argumentCount: number): void {
    const { memory } = this;
    const { i32 } = memory;
    const outer = memory.fetchPointer(closure, BlockClosureSlot.OUTER_CONTEXT);
    const method = memory.fetchPointer(outer, ContextSlot.METHOD);
    const context = this.contexts.allocate(headerNeedsLargeFrame(methodHeaderOf(memory, method)));
    const slots = (context >> 2) + 2;
    const closureAt = this.sp - argumentCount;
    i32[slots + ContextSlot.SENDER] = this.context;
    i32[slots + ContextSlot.METHOD] = method;
    i32[slots + ContextSlot.CLOSURE] = closure;
    i32[slots + ContextSlot.RECEIVER] = memory.fetchPointer(outer, ContextSlot.RECEIVER);
    let next = slots + ContextSlot.STACK;
    for (let i = 1; i <= argumentCount; i++) i32[next++] = i32[closureAt + i]!;
    const copied = memory.slotCountOf(closure) - BlockClosureSlot.FIRST_COPIED;
    for (let i = 0; i < copied; i++) i32[next++] = memory.fetchPointer(closure, BlockClosureSlot.FIRST_COPIED + i);
    this.sp = closureAt - 1;
    this.writeRegisters();
    this.pc = memory.bodyOf(method) + smallIntegerValue(memory.fetchPointer(closure, BlockClosureSlot.START_PC)) - 1;
    this.sp = next - 1;
    this.context = context;
    this.registersChanged = true;
  }

  /** Goes on in a Blue Book block, which lies below its arguments. Contract: it takes that many. */
  activateBlockContext(block: Oop, argumentCount: number): void {
    const { memory } = this;
    for (let i = 0; i < argumentCount; i++)
      memory.storePointer(block, ContextSlot.STACK + i, this.stackValue(argumentCount - 1 - i));
    this.sp -= argumentCount + 1;
    this.enterBlockContext(block, argumentCount);
  }

  /** The same with the arguments on the block's own stack already, and the block taken off ours. */
  enterBlockContext(block: Oop, argumentCount: number): void {
    const { memory } = this;
    memory.storePointer(block, ContextSlot.STACKP, smallIntegerOop(argumentCount));
    memory.storePointer(block, ContextSlot.PC, memory.fetchPointer(block, BlockContextSlot.START_PC));
    memory.storePointer(block, BlockContextSlot.CALLER, this.context);
    this.switchToContext(block);
  }

  /**
   * Runs a method of one argument between two bytecodes of the active context. The value on top of the stack goes through
   * it and comes back as what it answers, so that the context finds its stack as it was.
   */
  interpose(method: Oop): void {
    const { memory } = this;
    const slots = (this.context >> 2) + 2;
    const isEmpty = this.sp < slots + ContextSlot.STACK;
    const top = isEmpty ? memory.nil : this.stackValue(0);
    if (!isEmpty) this.sp--;
    this.push(memory.nil);
    this.push(top);
    this.activate(method, 1);
  }

  /** A context that will run a method without arguments, and has no sender. Its registers are in the heap. */
  newContext(method: Oop, receiver: Oop): Oop {
    const { memory } = this;
    const header = methodHeaderOf(memory, method);
    const context = this.contexts.allocate(headerNeedsLargeFrame(header));
    const temps = headerTempCount(header);
    memory.storePointer(context, ContextSlot.SENDER, memory.nil);
    memory.storePointer(context, ContextSlot.METHOD, method);
    memory.storePointer(context, ContextSlot.CLOSURE, memory.nil);
    memory.storePointer(context, ContextSlot.RECEIVER, receiver);
    for (let i = 0; i < temps; i++) memory.storePointer(context, ContextSlot.STACK + i, memory.nil);
    memory.storePointer(context, ContextSlot.PC, smallIntegerOop(((headerLiteralCount(header) + 1) << 2) + 1));
    memory.storePointer(context, ContextSlot.STACKP, smallIntegerOop(temps));
    return context;
  }

  /** Replaces the value on top of a context's stack, be it active or not. */
  replaceTop(context: Oop, value: Oop): void {
    const { memory } = this;
    if (context === this.context) {
      memory.i32[this.sp] = value;
      return;
    }
    const depth = smallIntegerValue(memory.fetchPointer(context, ContextSlot.STACKP));
    memory.storePointer(context, ContextSlot.STACK + depth - 1, value);
  }

  /** The class where a super send in the running code starts to look: the superclass of the code's class. */
  superclassOfRunningMethod(): Oop {
    const { memory } = this;
    const method = memory.fetchPointer(homeOf(memory, this.context), ContextSlot.METHOD);
    const behavior = methodClassOf(memory, method);
    if (behavior === undefined)
      throw new VMBug('super-without-class', `${methodNameOf(memory, method)} sends to super, and names no class`, {
        method,
      });
    return memory.fetchPointer(behavior, 0);
  }
}

const FIRST_NAMED = 1023;
