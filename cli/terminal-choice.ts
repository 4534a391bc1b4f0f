/**
 * Asks on the terminal how to go on after an unhandled fault. The answer goes back to the image as the source of a block
 * that takes the fault; leaving it means that the fault stays unhandled.
 */
import { readSync } from 'node:fs';
import { colors, printTalk, writeAll } from './output.ts';

interface TerminalChoice {
  /** The choice of the fault that must be open. */
  readonly choice: string;
  readonly words: RegExp;
  readonly help: string;
  source(argument: string): string;
}

const CHOICES: readonly TerminalChoice[] = [
  {
    choice: 'answer',
    words: /^resume:\s*(.+)$/s,
    help: 'resume: VALUE     the callout answers VALUE, any expression',
    source: (value) => `[ :fault | fault resume: (${value}) ]`,
  },
  {
    choice: 'retry',
    words: /^retry$/,
    help: 'retry             make the call again',
    source: () => '[ :fault | fault retryCallout ]',
  },
  {
    choice: 'retry',
    words: /^retry:\s*(.+)$/s,
    help: 'retry: ARRAY      make the call again with the elements of ARRAY as its arguments',
    source: (values) => `[ :fault | fault retryCalloutWith: (${values}) ]`,
  },
  {
    choice: 'continue',
    words: /^continue$/,
    help: 'continue          run the instruction again, after memory was mended',
    source: () => '[ :fault | fault continue ]',
  },
  {
    choice: 'continue',
    words: /^continue:\s*(.+)$/s,
    help: "continue: PAIRS   the same with registers set: #( 'rax' 0 )",
    source: (pairs) => `[ :fault | fault continueWith: (${pairs}) ]`,
  },
  {
    choice: 'rollback',
    words: /^rollback$/,
    help: "rollback          C's memory as it was at the checkpoint, then the call again",
    source: () => '[ :fault | fault rollbackAndRetry ]',
  },
  {
    choice: 'rollback',
    words: /^rollback:\s*(.+)$/s,
    help: "rollback: VALUE   C's memory as it was at the checkpoint; the callout answers VALUE",
    source: (value) => `[ :fault | fault rollback: (${value}) ]`,
  },
  {
    choice: 'restart',
    words: /^restart$/,
    help: 'restart           a fresh executor with the libraries loaded again, then the call again',
    source: () => '[ :fault | fault restart ]',
  },
];

/** What can be typed for a fault with these choices. */
export function choiceHelp(choices: readonly string[]): string {
  const open = CHOICES.filter(({ choice }) => choices.includes(choice)).map(({ help }) => help);
  return [...open, 'terminate         give up'].map((line) => `  ${line}`).join('\n');
}

/** The source of a one-argument block for a line that was typed; null to give up; undefined when the line is not understood. */
export function resolutionSource(line: string, choices: readonly string[]): string | null | undefined {
  const text = line.trim().replace(/\.$/, '');
  if (text === 'terminate' || text === 'quit') return null;
  for (const { choice, words, source } of CHOICES) {
    const match = words.exec(text);
    if (match !== null && choices.includes(choice)) return source(match[1] ?? '');
  }
  return undefined;
}

export function chooseOnTerminal(report: string, choices: readonly string[]): string | undefined {
  printTalk(report);
  for (;;) {
    writeAll(2, colors.bold('how to go on? '));
    const line = readLine();
    if (line === undefined) return undefined;
    const source = resolutionSource(line, choices);
    if (source === null) return undefined;
    if (source !== undefined) return source;
    printTalk(choiceHelp(choices));
  }
}

/** One line from the terminal, without its end; undefined at the end of input. Blocks: the VM waits for the answer. */
function readLine(): string | undefined {
  const byte = Buffer.alloc(1);
  const bytes: number[] = [];
  for (;;) {
    let count: number;
    try {
      count = readSync(0, byte, 0, 1, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      continue;
    }
    if (count === 0) return bytes.length === 0 ? undefined : Buffer.from(bytes).toString();
    if (byte[0] === 10) return Buffer.from(bytes).toString();
    bytes.push(byte[0]!);
  }
}
