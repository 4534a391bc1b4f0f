/** `safeffi run FILE`: a script, chunk by chunk or as one doit, or an image file resumed. */
import { CommandError, ExitCode } from '../exit-code.ts';
import type { ImageSession } from '../image-session.ts';
import { reportFailure } from '../outcome-report.ts';
import { printJson, printTalk } from '../output.ts';
import { readScript, runScript } from '../script.ts';
import { openImageSession, type VmOptions } from '../vm-options.ts';

export interface RunOptions extends VmOptions {
  readonly reportPrimitives?: true;
}

export async function run(file: string, args: readonly string[], options: RunOptions): Promise<number> {
  return file.endsWith('.image') ? resumeImage(file, args, options) : runFile(file, args, options);
}

function runFile(file: string, args: readonly string[], options: RunOptions): number {
  const text = readScript(file);
  const session = openImageSession(options, args);
  try {
    const failure = runScript(session, file, text);
    if (failure !== undefined) return reportFailure(session, failure, options.json === true);
    if (options.json) printJson({ schema: 1, value: null, class: null, error: null });
    return ExitCode.DONE;
  } finally {
    if (options.reportPrimitives) reportMissingPrimitives(session);
    session.close();
  }
}

function resumeImage(file: string, args: readonly string[], options: RunOptions): number {
  const session = openImageSession({ ...options, image: file }, args);
  try {
    const outcome = session.resume();
    if (outcome === undefined)
      throw new CommandError(`${file} has no process to go on with: its active process has no suspended context`);
    return outcome.kind === 'value' ? ExitCode.DONE : reportFailure(session, outcome, options.json === true);
  } finally {
    if (options.reportPrimitives) reportMissingPrimitives(session);
    session.close();
  }
}

function reportMissingPrimitives(session: ImageSession): void {
  const missing = session.vm.interpreter.primitives.missingPrimitives();
  if (missing.length === 0) printTalk('safeffi: every primitive that was asked for is there');
  for (const { primitive, count } of missing) {
    const times = count === 1 ? 'once' : `${count} times`;
    printTalk(`safeffi: primitive ${primitive} was asked for ${times} in vain`);
  }
}
