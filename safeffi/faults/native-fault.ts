/**
 * A fault record made into a `Fault`: kind, sentence and facts. Names of functions and mappings are looked up when they
 * are first asked for, because a program that answers a fault and goes on never asks.
 */

import { type ExactInteger, hex } from '../address.ts';
import { domainBase, lane as laneLayout, laneOffset, pageBytes, recordKind } from '../protocol/layout.ts';
import { signalCodeName, signalName } from '../signals.ts';
import { accessSize } from './access-size.ts';
import { argumentText } from './argument-text.ts';
import type { CFrame, Fault, FaultAccess, FaultAdvice, FaultArgument, FaultChoice, FaultKind } from './fault.ts';
import { lockAdvice } from './held-locks.ts';
import { describeFrame, NativeFrame } from './native-frame.ts';
import type { ProcessMap } from './process-map.ts';
import type { RawFault } from './raw-fault.ts';

/** What surrounds the record: the callout and the executor that it belongs to. */
export interface FaultContext {
  readonly function: string;
  readonly library: string;
  declaration(): string;
  /** Where the function that was called starts: its name may be that of no symbol (chosen by the loader for this CPU). */
  readonly functionAddress: ExactInteger;
  readonly pid: number;
  readonly generation: number;
  /** -1 for a thread that C made. */
  readonly laneIndex: number;
  readonly isForeign: boolean;
  /** The signal by which the executor had been stopped as a whole. */
  readonly stoppedBy?: string | undefined;
  /** Somebody asked for the callout to be stopped: no deadline had passed. */
  readonly isInterrupted?: boolean;
  readonly map: ProcessMap;
  /** The argument that an address belongs to. */
  argumentAt(address: number): FaultArgument | undefined;
  /** The bytes of the instruction that stopped, where they can be read. */
  instruction(): Uint8Array | undefined;
  /** Frames beyond those that the handler could walk, found in the stack's words. */
  scanned(): readonly NativeFrame[];
  readonly deadlineMs: number | undefined;
  readonly choices: readonly FaultChoice[];
  readonly taint: string | undefined;
}

/** The trap number of a page fault on x86-64: only then are address and error code of the kernel's telling. */
export const pageFaultTrap = 14;
/** How far from the stack pointer a function reaches at its start, at most, to be called an overflow. */
const stackReachBytes = 0x1_0000;

const kinds: Readonly<Record<string, FaultKind>> = {
  SIGSEGV: 'MemoryViolation',
  SIGBUS: 'MemoryViolation',
  SIGFPE: 'ArithmeticFault',
  SIGILL: 'IllegalInstruction',
  SIGTRAP: 'IllegalInstruction',
};

export class NativeFault implements Fault {
  readonly kind: FaultKind;
  readonly signal?: string;
  readonly code?: string;
  readonly address?: ExactInteger;
  readonly access?: FaultAccess;
  readonly function: string;
  readonly library: string;
  readonly argument?: FaultArgument;
  readonly thread?: number;
  readonly executor: Fault['executor'];
  readonly choices: readonly FaultChoice[];
  readonly taint?: string;
  readonly #raw: RawFault;
  readonly #context: FaultContext;
  #summary: string | undefined;
  #mapped = false;
  #frames: readonly CFrame[] | undefined;
  #registers: Readonly<Record<string, ExactInteger>> | undefined;

  constructor(raw: RawFault, context: FaultContext) {
    this.#raw = raw;
    this.#context = context;
    this.function = context.function;
    this.choices = context.choices;
    if (context.taint !== undefined) this.taint = context.taint;
    this.library = context.library;
    this.executor = { pid: context.pid, generation: context.generation, kind: 'native' };
    if (context.isForeign) this.thread = raw.threadId;
    if (raw.kind === recordKind.signal) {
      this.signal = signalName(raw.signal);
      const code = signalCodeName(this.signal, raw.code);
      if (code !== undefined) this.code = code;
    }
    const sent = this.#isSent();
    this.kind = kindOf(raw, this.signal, sent, context);
    if (this.signal !== undefined && !sent && this.kind !== 'CalloutAborted') {
      const isMemory = this.kind === 'MemoryViolation';
      const isKnown = !isMemory || raw.trap === pageFaultTrap;
      if (isKnown) this.address = raw.address;
      if (isMemory && isKnown) this.access = accessOf(raw.errorCode);
      if (isMemory && isKnown) {
        const argument = context.argumentAt(Number(raw.address));
        if (argument !== undefined) this.argument = argument;
      }
    }
  }

  get summary(): string {
    this.#summary ??= this.#describe() + (this.#context.isForeign ? ', in a thread that C made' : '');
    return this.#summary;
  }

  get declaration(): string {
    return this.#context.declaration();
  }

  get registers(): Readonly<Record<string, ExactInteger>> | undefined {
    this.#registers ??= this.#raw.registers;
    return this.#raw.programCounter === undefined ? undefined : this.#registers;
  }

  get cFrames(): readonly CFrame[] {
    this.#knowMappings();
    this.#frames ??= NativeFrame.joined([
      ...this.#raw.frames.map((address, index) => this.#frame(address, index)),
      ...this.#context.scanned(),
    ]);
    return this.#frames;
  }

  /** Reads the mappings anew where a frame lies in none of those known, and for a thread, whose stack is young. */
  #knowMappings(): void {
    if (this.#frames !== undefined || this.#mapped) return;
    this.#mapped = true;
    const { map, isForeign } = this.#context;
    if (isForeign || this.#raw.frames.some((address) => map.find(Number(address)) === undefined)) map.refresh();
  }

  #frame(address: ExactInteger, index: number): NativeFrame {
    const { map, functionAddress, function: name } = this.#context;
    const isCallee = this.#raw.start(index) === functionAddress;
    const named = isCallee ? { name, offset: Number(address) - Number(functionAddress) } : undefined;
    return describeFrame(map, address, !this.#raw.isExact(index), true, named);
  }

  get mapping(): string | undefined {
    if (this.address === undefined || this.argument !== undefined || this.kind !== 'MemoryViolation') return undefined;
    const address = Number(this.address);
    const place = placeInLane(address, this.#context.laneIndex);
    if (place !== undefined) return place;
    this.#knowMappings();
    const found = this.#context.map.find(address);
    if (found === undefined) return undefined;
    return `${hex(found.start)}-${hex(found.end)} ${found.access.slice(0, 3)}${found.path === '' ? '' : ` ${found.path}`}`;
  }

  /** Integers beyond 2^53 as hexadecimal text: JSON has no others. */
  get advice(): FaultAdvice | undefined {
    return lockAdvice(this.cFrames, this.choices);
  }

  toJSON(): Record<string, unknown> {
    const { kind, summary, signal, code, access, mapping, argument, cFrames, executor } = this;
    const { function: name, library, declaration, thread } = this;
    const plain = (value: ExactInteger) => (typeof value === 'bigint' ? hex(value) : value);
    const address = this.address === undefined ? undefined : plain(this.address);
    const registers =
      this.registers && Object.fromEntries(Object.entries(this.registers).map(([key, value]) => [key, plain(value)]));
    return {
      kind,
      summary,
      signal,
      code,
      address,
      access,
      mapping,
      function: name,
      library,
      declaration,
      argument,
      cFrames,
      registers,
      thread,
      executor,
      choices: this.choices,
      taint: this.taint,
      advice: this.advice,
    };
  }

  /** Raised or sent, and not come of an instruction. */
  #isSent(): boolean {
    return this.#raw.kind === recordKind.signal && this.#raw.code <= 0;
  }

  #describe(): string {
    const raw = this.#raw;
    switch (raw.kind) {
      case recordKind.exit:
        return raw.status < 0 ? 'exit was called' : `exit(${raw.status}) was called`;
      case recordKind.immediateExit:
        return `_exit(${raw.status}) was called`;
      case recordKind.quickExit:
        return `quick_exit(${raw.status}) was called`;
      case recordKind.threadExit:
        return 'pthread_exit was called';
      case recordKind.execute:
        return `the executor was to become another program, ${raw.message || 'of no name'}`;
      case recordKind.deadline: {
        const { stoppedBy } = this.#context;
        if (this.#context.isInterrupted === true) return 'interrupted from outside';
        if (stoppedBy !== undefined) return `the executor was stopped by ${stoppedBy} and could not go on`;
        const { deadlineMs } = this.#context;
        return deadlineMs === undefined ? 'stopped at its deadline' : `stopped after its deadline of ${deadlineMs} ms`;
      }
      default:
        return this.#describeSignal();
    }
  }

  #describeSignal(): string {
    const raw = this.#raw;
    if (this.signal === 'SIGABRT' && raw.senderPid === this.#context.pid)
      return raw.message === '' ? 'abort was called' : `abort was called: ${raw.message}`;
    if (this.#isSent()) {
      return raw.senderPid === this.#context.pid
        ? `${this.signal} was raised by the code itself`
        : `${this.signal} was sent by process ${raw.senderPid}`;
    }
    switch (this.kind) {
      case 'MemoryViolation':
        return this.#describeViolation();
      case 'ArithmeticFault':
        return `${this.code === 'FPE_INTDIV' ? 'integer division by zero or overflow' : 'arithmetic exception'} at ${hex(raw.address)}`;
      case 'IllegalInstruction':
        return this.signal === 'SIGTRAP'
          ? 'breakpoint or trap instruction'
          : `illegal instruction at ${hex(raw.address)}`;
      default:
        return `stopped by ${this.signal}`;
    }
  }

  /**
   * ` of 4 bytes`, where it is known. An access that crosses into a page faults at the page's first byte wherever it
   * began, so that there only single bytes are certain.
   */
  #sizeText(): string {
    if (this.access === 'execute' || process.arch !== 'x64') return '';
    const instruction = this.#context.instruction();
    const size = instruction === undefined ? undefined : accessSize(instruction);
    if (size === undefined || (size !== 1 && Number(this.address) % pageBytes === 0)) return '';
    return size === 1 ? ' of 1 byte' : ` of ${size} bytes`;
  }

  /** A thread of C's own touched an inaccessible page (glibc's guard) right where its stack pointer is. */
  #isBelowForeignStack(): boolean {
    const { isForeign, map } = this.#context;
    if (!isForeign) return false;
    this.#knowMappings();
    const distance = Number(this.address) - Number(this.#raw.stackPointer ?? 0);
    return Math.abs(distance) <= stackReachBytes && map.find(Number(this.address))?.access === '---p';
  }

  #describeViolation(): string {
    if (this.address === undefined) return 'access to an address that no process can have';
    const what = `${this.access ?? 'access'}${this.#sizeText()} at ${hex(this.address)}`;
    const { argument } = this;
    if (argument === undefined) {
      const place = placeInLane(Number(this.address), this.#context.laneIndex);
      if (place !== undefined) return `${what}, ${place}: the C stack has overflowed`;
      return this.#isBelowForeignStack() ? `${what}, below the stack: the C stack has overflowed` : what;
    }
    const whole = argumentText(argument);
    const nul = argument.kind === 'String' ? 1 : 0;
    const past = argument.offset - argument.sizeBytes - nul;
    if (past >= 0) return `${what}, ${past} bytes past the end of ${whole}`;
    return argument.offset < 0
      ? `${what}, ${-argument.offset} bytes before ${whole}`
      : `${what}, at offset ${argument.offset} of ${whole}`;
  }
}

function kindOf(raw: RawFault, signal: string | undefined, sent: boolean, context: FaultContext): FaultKind {
  if (raw.kind === recordKind.deadline) {
    if (context.isInterrupted === true) return 'CalloutInterrupted';
    return context.stoppedBy === undefined ? 'CalloutTimeout' : 'CalloutAborted';
  }
  if (raw.kind !== recordKind.signal || signal === undefined) return 'CalloutAborted';
  if (sent && raw.senderPid !== context.pid) return 'CalloutAborted';
  return kinds[signal] ?? 'CalloutAborted';
}

function accessOf(errorCode: number): FaultAccess {
  if ((errorCode & 16) !== 0) return 'execute';
  return (errorCode & 2) !== 0 ? 'write' : 'read';
}

/** `the guard page of the stack` for an address there. */
function placeInLane(address: number, laneIndex: number): string | undefined {
  if (laneIndex < 0) return undefined;
  const offset = address - domainBase - laneOffset(laneIndex);
  const guardEnd = laneLayout.stackGuard + laneLayout.stackGuardBytes;
  return offset >= laneLayout.stackGuard && offset < guardEnd ? 'the guard pages of the stack' : undefined;
}
