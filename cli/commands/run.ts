/** `safeffi run FILE`: a script, chunk by chunk or as one doit, or an image file resumed. */
import { CommandError, ExitCode } from '../exit-code.ts';
import type { ImageSession } from '../image-session.ts';
import { endFailed } from '../outcome-report.ts';
import { printJson, printTalk } from '../output.ts';
import { readScript, runScriptOnLoop } from '../script.ts';
import { openImageSession, type VmOptions } from '../vm-options.ts';

export interface RunOptions extends VmOptions {
  readonly reportPrimitives?: true;
  readonly for?: number;
  readonly screenshot?: string;
  /** A script of what a user does. */
  readonly events?: string;
}

export async function run(file: string, args: readonly string[], options: RunOptions): Promise<number> {
  return file.endsWith('.image') ? resumeImage(file, args, options) : runFile(file, args, options);
}

async function runFile(file: string, args: readonly string[], options: RunOptions): Promise<number> {
  const forImages = (['for', 'screenshot', 'events', 'screen'] as const).filter((name) => options[name] !== undefined);
  if (forImages.length > 0)
    throw new CommandError(`${forImages.map((name) => `--${name}`).join(' and ')} are for images; ${file} is a script`);
  const text = readScript(file);
  const session = openImageSession(options, args);
  try {
    const failure = await runScriptOnLoop(session, file, text);
    if (failure !== undefined) return await endFailed(session, failure, options.json === true);
    if (options.json) printJson({ schema: 1, value: null, class: null, error: null });
    return ExitCode.DONE;
  } finally {
    if (options.reportPrimitives) await reportMissingPrimitives(session);
    session.close();
  }
}

async function resumeImage(file: string, args: readonly string[], options: RunOptions): Promise<number> {
  const script = options.events === undefined ? undefined : await import('../events/play-script.ts');
  const steps = script?.readEventScript(options.events!);
  const session = openImageSession({ ...options, image: file }, args, script === undefined ? undefined : script.host());
  try {
    const milliseconds = options.for === undefined ? undefined : 1000 * options.for;
    const play = script?.playing(session, file, options.events!, steps!);
    const outcome = await session.resumeOnLoop(milliseconds, play);
    if (outcome === undefined)
      throw new CommandError(`${file} has no process to go on with: its active process has no suspended context`);
    if (options.screenshot !== undefined)
      (await import('../screenshot.ts')).writeScreenshot(session.memory, file, options.screenshot);
    if (outcome === 'time over') return ExitCode.DONE;
    return outcome.kind === 'value' ? ExitCode.DONE : await endFailed(session, outcome, options.json === true);
  } finally {
    if (options.reportPrimitives) await reportMissingPrimitives(session);
    session.close();
  }
}

async function reportMissingPrimitives(session: ImageSession): Promise<void> {
  const { knownName } = await import('../../primitives/registry/known-numbers.ts');
  const missing = session.vm.interpreter.primitives.missingPrimitives();
  if (missing.length === 0) printTalk('safeffi: every primitive that was asked for is there');
  for (const { primitive, count } of missing) {
    const times = count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
    const name = typeof primitive === 'number' ? knownName(primitive, session.memory.isV3) : undefined;
    printTalk(
      `safeffi: primitive ${primitive}${name === undefined ? '' : ` (${name})`} was asked for ${times} in vain`,
    );
  }
}
