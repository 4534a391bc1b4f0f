/** `safeffi eval 'EXPR'`: the printString of the last statement's value. */
import { ExitCode } from '../exit-code.ts';
import { endFailed, reportFailure } from '../outcome-report.ts';
import { printJson, printResult } from '../output.ts';
import { openImageSession, type VmOptions } from '../vm-options.ts';

export async function evaluate(source: string, options: VmOptions): Promise<number> {
  const session = openImageSession(options);
  try {
    const outcome = await session.evaluateOnLoop(source);
    if (outcome.kind !== 'value') return await endFailed(session, outcome, options.json === true);
    const className = session.memory.classNameOf(outcome.oop);
    const printed = session.printString(outcome.oop);
    if (typeof printed !== 'string') return reportFailure(session, printed, options.json === true);
    if (options.json) printJson({ schema: 1, value: printed, class: className, error: null });
    else printResult(printed);
    return ExitCode.DONE;
  } finally {
    session.close();
  }
}
