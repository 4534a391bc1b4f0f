/**
 * The errors of the native executor that are faults: each is made here, from the record that the handler wrote or from
 * what was noticed on this side, with a resolver that holds the lane. A fault that the program forgets is abandoned.
 */

import { Address, type ExactInteger, hex } from '../address.ts';
import { type CalloutError, otherDomainError } from '../errors.ts';
import { argumentText } from '../faults/argument-text.ts';
import type { Fault, FaultArgument, FaultChoice } from '../faults/fault.ts';
import { type FaultResolver, FFIFault } from '../faults/ffi-fault.ts';
import { NativeFault, pageFaultTrap } from '../faults/native-fault.ts';
import type { NativeFrame } from '../faults/native-frame.ts';
import type { ProcessMap } from '../faults/process-map.ts';
import { laneRecord, RawFault } from '../faults/raw-fault.ts';
import { type ReadMemory, scanStack } from '../faults/stack-scan.ts';
import { pageBytes, recordKind } from '../protocol/layout.ts';
import { signalName } from '../signals.ts';
import { declarationText } from '../types/signature.ts';
import type { ArgumentValue } from '../values.ts';
import type { PreparedCallout } from './executor.ts';
import type { ForeignFault } from './foreign-faults.ts';
import { type FaultOwner, HeldFault } from './held-fault.ts';
import { HeldForeignFault } from './held-foreign-fault.ts';
import type { Lane } from './lane.ts';
import type { NativeExecutor } from './native.ts';
import type { StoppedCallout } from './native-callout.ts';
import { plainFault, staleSummary } from './plain-fault.ts';
import { taintText } from './taint.ts';

export class NativeFaults {
  readonly #executor: NativeExecutor;
  readonly #forgotten = new FinalizationRegistry<{ leave(): void }>((held) => held.leave());

  constructor(executor: NativeExecutor) {
    this.#executor = executor;
  }

  /** The callout on `lane` stopped in the handler. */
  stopped(callout: StoppedCallout, lane: Lane, args: readonly ArgumentValue[], map: ProcessMap): FFIFault {
    const executor = this.#executor;
    const raw = new RawFault(executor.domain.i32, laneRecord(lane.index), () => lane.awaitWalk());
    const scanned = this.#scanner(raw, lane, map);
    const fault = this.#described(raw, callout, lane, map, args, scanned);
    lane.stands({ keep: scanned });
    lane.stoppedBy = undefined;
    lane.isInterrupted = false;
    const finish = (stopped: Lane) => callout.resume(stopped, args);
    return this.#raise(fault, callout, args, { lane, finish, cannotContinue: continueObstacle(raw) });
  }

  /** A thread that C made stopped; it was noticed before `callout` was begun, or while it ran on `lane`. */
  foreign(
    callout: StoppedCallout,
    lane: Lane | undefined,
    args: readonly ArgumentValue[],
    { raw, slot }: ForeignFault,
    map: ProcessMap,
  ): FFIFault {
    const fault = this.#described(raw, callout, lane, map, undefined, () => []);
    const settled = () => this.#forgotten.unregister(held);
    const held: HeldForeignFault = new HeldForeignFault(this.#executor, callout, args, lane, slot, settled);
    return this.#register(fault, held);
  }

  /** `args`: those of the callout that stopped; undefined for a thread that C made. */
  #described(
    raw: RawFault,
    callout: StoppedCallout,
    lane: Lane | undefined,
    map: ProcessMap,
    args: readonly ArgumentValue[] | undefined,
    scanned: () => readonly NativeFrame[],
  ): NativeFault {
    const executor = this.#executor;
    const { epoch } = executor;
    const isForeign = args === undefined;
    const read = (at: number, sizeBytes: number) => executor.memory.tryRead(at, sizeBytes);
    return new NativeFault(raw, {
      function: callout.name,
      library: callout.library,
      declaration: () => declarationText(callout.name, callout.signature),
      functionAddress: callout.address,
      pid: executor.pid!,
      generation: executor.generation,
      laneIndex: isForeign ? -1 : lane!.index,
      isForeign,
      stoppedBy: lane?.stoppedBy,
      isInterrupted: lane?.isInterrupted ?? false,
      map,
      argumentAt: (address) => lane?.buffers.argumentAt(address) ?? this.#guardedArgument(address, args ?? []),
      instruction: () => (epoch === executor.epoch ? readInstruction(raw, read) : undefined),
      scanned,
      deadlineMs: lane?.deadlineMs,
      choices: this.#choices(),
      taint: taintText(executor.taint),
    });
  }

  /** The argument that is a guarded shared buffer, given as such or by its address, at whose end the address lies. */
  #guardedArgument(address: number, args: readonly ArgumentValue[]): FaultArgument | undefined {
    const { buffers } = this.#executor.parts;
    const found = buffers.guardedAt(address);
    if (found === undefined) return undefined;
    const { start, sizeBytes } = found;
    const index = args.findIndex((value) => {
      const at = ArrayBuffer.isView(value)
        ? buffers.addressOf(value)
        : typeof value === 'number'
          ? value
          : value instanceof Address
            ? Number(value.value)
            : -1;
      return at >= start && at <= start + sizeBytes;
    });
    return index < 0 ? undefined : { position: index + 1, kind: 'ByteArray', sizeBytes, offset: address - start };
  }

  /** The callout has returned and had written before the start of an argument. */
  overrun(callout: PreparedCallout, lane: Lane, args: readonly ArgumentValue[]): FFIFault {
    const argument = lane.buffers.brokenCanary();
    const where =
      argument === undefined
        ? 'before the start of an argument'
        : `${-argument.offset} bytes before ${argumentText(argument)}`;
    const fault = this.#plain('BufferOverrun', `write ${where}, found after the call`, callout);
    return this.#raise(
      argument === undefined ? fault : { ...fault, access: 'write', argument },
      callout,
      args,
      undefined,
    );
  }

  /** C waits in a callback that cannot be answered: the callout stands there. */
  inCallback(
    kind: Fault['kind'],
    summary: string,
    callout: StoppedCallout,
    lane: Lane,
    args: readonly ArgumentValue[],
  ): FFIFault {
    return this.#raise(this.#plain(kind, summary, callout), callout, args, {
      lane,
      cannotContinue: 'C waits in a callback',
      finish: (same) => callout.resume(same, args),
    });
  }

  /** An address of another executor; position 0 is the function itself. */
  stale(callout: PreparedCallout, position: number, address: Address): FFIFault | CalloutError {
    const { domainName, parts } = this.#executor;
    const other = parts.domainOf(address.generation);
    if (other !== undefined && other !== domainName)
      return otherDomainError(callout.name, position, address, other, domainName);
    const summary = staleSummary(position, address, this.#executor.generation);
    const fault = { ...this.#plain('StaleAddress', summary, callout), address: address.value };
    return this.#raise(fault, callout, [], undefined);
  }

  /** An address that could not be read or written from here. */
  violation(callout: PreparedCallout, address: ExactInteger, access: 'read' | 'write', what: string): FFIFault {
    const fault = this.#plain('MemoryViolation', `${access} at ${hex(address)}, ${what}`, callout);
    return this.#raise({ ...fault, address, access }, callout, [], undefined);
  }

  /** A free of what cannot be freed; nothing was called. */
  wrongFree(callout: PreparedCallout, address: ExactInteger, obstacle: string): FFIFault {
    const fault = this.#plain('MemoryViolation', `free of ${hex(address)}, ${obstacle}`, callout);
    return this.#raise({ ...fault, address }, callout, [], undefined);
  }

  /** The fault of a process that has ended, before it is forgotten. */
  describeEnd(callout: PreparedCallout, end: string): Fault {
    return this.#plain('ExecutorDied', `the executor ${end}`, callout);
  }

  /** The error for `describeEnd`, made after the process was forgotten. */
  ended(fault: Fault, callout: PreparedCallout, args: readonly ArgumentValue[]): FFIFault {
    return this.#raise(fault, callout, args, undefined);
  }

  #choices(): readonly FaultChoice[] {
    const { guards } = this.#executor;
    return guards.rollbackObstacle(guards.current) === undefined ? choicesWithRollback : choicesWithout;
  }

  #plain(kind: Fault['kind'], summary: string, callout: PreparedCallout): Fault {
    const { pid, generation } = this.#executor;
    const executor = { ...(pid === undefined ? {} : { pid }), generation, kind: 'native' as const };
    const taint = taintText(this.#executor.taint);
    return {
      ...plainFault(kind, summary, callout, executor),
      choices: this.#choices(),
      ...(taint === undefined ? {} : { taint }),
    };
  }

  /** Takes the frames of a thread that stands; where the handler could not walk them all, answers what the stack tells. */
  #scanner(raw: RawFault, lane: Lane, map: ProcessMap): () => readonly NativeFrame[] {
    const read = (at: number, sizeBytes: number) => this.#executor.memory.tryRead(at, sizeBytes);
    let found: readonly NativeFrame[] | undefined;
    return () => {
      if (found !== undefined) return found;
      raw.keep();
      if (!raw.complete && raw.frames.some((address) => map.find(Number(address)) === undefined)) map.refresh();
      found = raw.complete ? [] : scanStack(raw, lane.index, map, read);
      return found;
    };
  }

  /** For an interpreter, which has a stack of its own to tell, without this side's: to take it costs more than the fault. */
  #error(fault: Fault, held: FaultResolver): FFIFault {
    if (this.#executor.pendAfterMs === undefined) return new FFIFault(fault, held);
    const { stackTraceLimit } = Error;
    const isSet = Reflect.set(Error, 'stackTraceLimit', 0); // not where the program has frozen it
    const error = new FFIFault(fault, held);
    if (isSet) Error.stackTraceLimit = stackTraceLimit;
    return error;
  }

  #register(fault: Fault, held: HeldForeignFault): FFIFault {
    const error = this.#error(fault, held);
    this.#forgotten.register(error, held, held);
    return error;
  }

  #raise(
    fault: Fault,
    callout: PreparedCallout,
    args: readonly ArgumentValue[],
    stopped: Pick<FaultOwner, 'lane' | 'finish' | 'cannotContinue'> | undefined,
  ): FFIFault {
    const owner: FaultOwner = {
      executor: this.#executor,
      callout,
      args,
      kind: fault.kind,
      checkpoint: this.#executor.guards.current,
      ...(stopped ?? { lane: undefined, cannotContinue: undefined, finish: () => undefined }),
    };
    const held: HeldFault = new HeldFault(owner, () => this.#forgotten.unregister(held));
    const error = this.#error(fault, held);
    this.#forgotten.register(error, held, held);
    return error;
  }
}

/** Why the instruction that stopped cannot be run again, where it cannot. */
function continueObstacle(raw: RawFault): string | undefined {
  if (raw.kind === recordKind.deadline) return undefined;
  if (raw.kind !== recordKind.signal) return 'it stopped in a function that does not return';
  if (signalName(raw.signal) === 'SIGABRT') return 'abort does not return';
  return undefined;
}

const choicesWithout: readonly FaultChoice[] = ['answer', 'retry', 'restart', 'terminate'];
const choicesWithRollback: readonly FaultChoice[] = ['answer', 'retry', 'rollback', 'restart', 'terminate'];
const longestInstruction = 15;

/** Up to 15 bytes at the program counter of a memory fault, fewer where the page behind cannot be read. */
function readInstruction(raw: RawFault, read: ReadMemory): Uint8Array | undefined {
  if (raw.trap !== pageFaultTrap) return undefined;
  const pc = Number(raw.programCounter ?? 0);
  const toPageEnd = pageBytes - (pc % pageBytes);
  return read(pc, longestInstruction) ?? read(pc, Math.min(toPageEnd, longestInstruction));
}
