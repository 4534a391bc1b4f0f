/**
 * Asks on the terminal how to go on after an unhandled fault. The answer goes back to the image as the source of a block
 * that takes the fault; leaving it means that the fault stays unhandled.
 */
import { readSync } from 'node:fs';
import { colors, printTalk, writeAll } from './output.ts';

const HELP = `  resume: VALUE   the callout answers VALUE, any expression
  retry           make the call again
  retry: ARRAY    make the call again with the elements of ARRAY as its arguments
  restart         a fresh executor with the libraries loaded again, then the call again
  terminate       give up`;

/** The source of a one-argument block for a line that was typed; null to give up; undefined when the line is not understood. */
export function resolutionSource(line: string): string | null | undefined {
  const text = line.trim().replace(/\.$/, '');
  if (text === 'terminate' || text === 'quit') return null;
  if (text === 'retry') return '[ :fault | fault retryCallout ]';
  if (text === 'restart') return '[ :fault | fault restart ]';
  const [, keyword, expression] = /^(resume|retry):\s*(.+)$/s.exec(text) ?? [];
  if (keyword === 'resume') return `[ :fault | fault resume: (${expression}) ]`;
  if (keyword === 'retry') return `[ :fault | fault retryCalloutWith: (${expression}) ]`;
  return undefined;
}

export function chooseOnTerminal(report: string): string | undefined {
  printTalk(report);
  for (;;) {
    writeAll(2, colors.bold('how to go on? '));
    const line = readLine();
    if (line === undefined) return undefined;
    const source = resolutionSource(line);
    if (source === null) return undefined;
    if (source !== undefined) return source;
    printTalk(HELP);
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
