/**
 * A fault as text: a sentence first, then facts (DESIGN 5, in the order of an AddressSanitizer report). A fact that is
 * not known is left out. The Smalltalk stack belongs to the caller and is given as a line.
 */
import { basename } from 'node:path';
import { hex } from '../address.ts';
import type { CFrame, Fault } from './fault.ts';

/** The library of what no callout is to blame for: reading and writing C's memory. */
export const ownOperations = 'safeffi';

export interface FaultReportOptions {
  /** `Demo>>copyName (line 4)  <-  UndefinedObject>>DoIt (line 1)`. */
  readonly smalltalkStack?: string;
  /** The most C frames on the line; the rest is counted. Default 8. */
  readonly frameLimit?: number;
  /** Print the registers too. Default no. */
  readonly registers?: boolean;
}

/** The first line of the report: kind and what happened. */
export function faultSentence(fault: Fault): string {
  return `${fault.kind}: ${fault.summary}`;
}

/** `inner+0x4 (libdemo.so, demo.c:12)`; a frame found by scanning the stack ends in ` ?`. */
export function frameText(frame: CFrame): string {
  const offset = (bytes: number | undefined) => (bytes === undefined ? '' : `+0x${bytes.toString(16)}`);
  const { symbol, module, file, line, inlined } = frame;
  const notes = [
    ...(symbol !== undefined && module !== undefined ? [module] : []),
    ...(file === undefined || line === undefined ? [] : [`${basename(file)}:${line}`]),
    ...(inlined === undefined ? [] : [`in line: ${inlined.join(' < ')}`]),
  ];
  const name =
    symbol !== undefined
      ? symbol + offset(frame.symbolOffset)
      : module !== undefined
        ? module + offset(frame.moduleOffset)
        : hex(frame.address);
  return `${name}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}${frame.certain ? '' : ' ?'}`;
}

const choiceText: Readonly<Record<Fault['choices'][number], string>> = {
  answer: 'resume: value',
  retry: 'retry',
  continue: 'continue',
  rollback: 'rollback',
  restart: 'restart',
  terminate: 'terminate',
};

/** The whole report, lines joined by newlines, without one at the end. */
export function faultReport(fault: Fault, options: FaultReportOptions = {}): string {
  const lines = [faultSentence(fault)];
  const fact = (name: string, text: string) => lines.push(`  ${name.padEnd(11)}${text}`);
  if (fault.library === ownOperations) {
    fact('operation', `${fault.function} of C's memory, asked for by the VM`);
  } else if (fault.function !== undefined) {
    fact(
      'callout',
      (fault.declaration ?? fault.function) + (fault.library === undefined ? '' : ` in ${fault.library}`),
    );
  }
  if (fault.thread !== undefined) fact('thread', `${fault.thread}, made by C`);
  if (fault.cFrames.length > 0) {
    const limit = options.frameLimit ?? 8;
    const frames = fault.cFrames.slice(0, limit).map(frameText);
    if (fault.cFrames.length > limit) frames.push(`${fault.cFrames.length - limit} more`);
    fact('C', [...frames, ...(fault.thread === undefined ? ['the callout'] : [])].join('  <-  '));
  }
  if (options.smalltalkStack !== undefined) fact('Smalltalk', options.smalltalkStack);
  if (fault.mapping !== undefined) fact('mapping', fault.mapping);
  fact('executor', executorText(fault));
  if (options.registers === true && fault.registers !== undefined) {
    const texts = Object.entries(fault.registers).map(([name, value]) => `${name} ${hex(value)}`);
    for (let i = 0; i < texts.length; i += 6) fact(i === 0 ? 'registers' : '', texts.slice(i, i + 6).join('  '));
  }
  if (fault.taint !== undefined) fact('tainted', fault.taint);
  if (fault.advice !== undefined) fact('advice', `${fault.advice.choice}: ${fault.advice.reason}`);
  fact('choices', fault.choices.map((choice) => choiceText[choice]).join(' | '));
  return lines.join('\n');
}

function executorText(fault: Fault): string {
  const { pid, generation } = fault.executor;
  const who = pid === undefined ? `generation ${generation}` : `pid ${pid}, generation ${generation}`;
  const code = fault.code === undefined ? '' : ` (${fault.code})`;
  const stop = fault.signal === undefined ? '' : `, stopped by ${fault.signal}${code}`;
  const memory = fault.executor.kind === 'direct' ? '' : '; the object memory is untouched';
  return `${who}${stop}${memory}`;
}
