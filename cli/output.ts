/**
 * Where the command's words go: results to stdout, talk to stderr, both written synchronously so that they stand in order
 * with what the image and C write to the same descriptors. Colour where stderr is a terminal and NO_COLOR does not forbid
 * it; FORCE_COLOR wins over both (https://no-color.org, Node's own rule).
 */
import { writeSync } from 'node:fs';
import pc from 'picocolors';
import { CommandError, ExitCode } from './exit-code.ts';

/** Writes all of `text`, waiting where a pipe is full. A reader that has gone away ends the command quietly. */
export function writeAll(descriptor: number, text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EAGAIN') continue;
      if (code === 'EPIPE') process.exit(0);
      throw new CommandError(
        `standard ${descriptor === 1 ? 'output' : 'error'} cannot be written (${code ?? error})`,
        ExitCode.PROGRAM_FAILED,
      );
    }
  }
}

export const colors = pc.createColors(
  process.env.FORCE_COLOR !== undefined && process.env.FORCE_COLOR !== '0'
    ? true
    : process.env.NO_COLOR === undefined && process.stderr.isTTY === true,
);

export const printResult = (text: string): void => writeAll(1, `${text}\n`);
export const printTalk = (text: string): void => writeAll(2, `${text}\n`);
export const printJson = (value: object): void => printResult(JSON.stringify(value));

/** Progress of long work: one line that is redrawn on a terminal, a line every few seconds elsewhere. */
export class Progress {
  private readonly label: string;
  private lastShown = 0;

  constructor(label: string) {
    this.label = label;
  }

  show(done: number, total: number): void {
    const now = Date.now();
    const isLast = done === total;
    if (process.stderr.isTTY) {
      if (now - this.lastShown < 80 && !isLast) return;
      writeAll(2, `\r${this.label} ${done}/${total}${isLast ? '\n' : ''}`);
    } else {
      if (now - this.lastShown < 3000) return;
      if (this.lastShown !== 0) printTalk(`${this.label} ${done}/${total}`);
    }
    this.lastShown = now;
  }
}
