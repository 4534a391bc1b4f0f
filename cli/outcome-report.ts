/**
 * What became of a piece of Smalltalk, told to a person or as JSON, and the exit code that says so. The shapes are those of
 * docs/cli.md.
 */
import type { Fault } from '../safeffi/index.ts';
import type { Outcome } from '../vm/interpreter/host-calls.ts';
import { ExitCode } from './exit-code.ts';
import type { ImageSession } from './image-session.ts';
import { colors, printJson, printTalk } from './output.ts';

export interface ErrorReport {
  readonly kind: 'smalltalk' | 'fault' | 'input';
  readonly class: string;
  readonly message: string;
  readonly stack: readonly string[];
  readonly fault: FaultFacts | null;
  /** The whole report of a fault, for people. */
  readonly text: string | undefined;
}

/** A fault as `eval --json` shows it. Integers that no JSON number holds exactly are decimal strings. */
export interface FaultFacts {
  readonly kind: string;
  readonly signal: string | null;
  readonly code: string | null;
  readonly address: string | null;
  readonly access: string | null;
  readonly function: string | null;
  readonly library: string | null;
  readonly argument: number | null;
  readonly offset: number | null;
  readonly cFrames: readonly { symbol: string | null; module: string | null; offset: number | null; address: string }[];
  readonly registers: Readonly<Record<string, string>>;
  readonly executor: { readonly pid: number | null; readonly generation: number };
  readonly choices: readonly string[];
}

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

export function faultFacts(fault: Fault): FaultFacts {
  const { argument } = fault;
  return {
    kind: fault.kind,
    signal: fault.signal ?? null,
    code: fault.code ?? null,
    address: fault.address === undefined ? null : hex(fault.address),
    access: fault.access ?? null,
    function: fault.function ?? null,
    library: fault.library ?? null,
    argument: argument?.position ?? null,
    offset: argument === undefined ? null : argument.offset,
    cFrames: fault.cFrames.map((frame) => ({
      symbol: frame.symbol ?? null,
      module: frame.module ?? null,
      offset: frame.symbolOffset ?? frame.moduleOffset ?? null,
      address: hex(frame.address),
    })),
    registers: Object.fromEntries(Object.entries(fault.registers ?? {}).map(([name, value]) => [name, hex(value)])),
    executor: { pid: fault.executor.pid ?? null, generation: fault.executor.generation },
    choices: fault.choices,
  };
}

/** `reportFailure`; a program that was interrupted in C then unwinds, so that its `ensure:` blocks run. */
export async function endFailed(
  session: ImageSession,
  outcome: Exclude<Outcome, { kind: 'value' }>,
  json: boolean,
): Promise<number> {
  const process = outcome.kind === 'unhandled' ? session.vm.retain(outcome.process) : undefined;
  try {
    const exitCode = reportFailure(session, outcome, json);
    if (process !== undefined && exitCode === ExitCode.INTERRUPTED) await session.terminate(process.oop);
    return exitCode;
  } finally {
    process?.release();
  }
}

/** The exit code of an outcome that is no value, after saying what it is on stderr or as JSON on stdout. */
export function reportFailure(
  session: ImageSession,
  outcome: Exclude<Outcome, { kind: 'value' }>,
  json: boolean,
): number {
  switch (outcome.kind) {
    case 'unhandled': {
      const error = session.describeError(outcome);
      if (json) {
        const { text: _text, ...facts } = error;
        printJson({ schema: 1, value: null, class: null, error: facts });
      } else if (error.text !== undefined) {
        if (!session.wasReportShown) printTalk(error.text);
      } else
        printTalk(
          [colors.red(`${error.class}: ${error.message}`), ...error.stack.map((line) => `  ${line}`)].join('\n'),
        );
      if (error.class === 'CalloutInterrupted') return ExitCode.INTERRUPTED;
      return error.kind === 'fault' ? ExitCode.FFI_FAULT : ExitCode.SMALLTALK_ERROR;
    }
    case 'quit':
      return outcome.exitCode;
    case 'interrupted':
      return stopped('interrupted', 'interrupted', ExitCode.INTERRUPTED, json);
    case 'terminated':
      return stopped('terminated', 'the process that ran the program was terminated', ExitCode.PROGRAM_FAILED, json);
    case 'stuck':
      return stopped(
        'stuck',
        'the program waits for what never comes: no process can run and no timer is set',
        ExitCode.PROGRAM_FAILED,
        json,
      );
  }
}

/** Says that the program ended in another way than with an error of its own. */
function stopped(kind: string, message: string, exitCode: number, json: boolean): number {
  if (json) printJson({ schema: 1, value: null, class: null, error: { kind, message } });
  else printTalk(kind === message ? message : `safeffi: ${message}`);
  return exitCode;
}
