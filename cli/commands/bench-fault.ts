/** `safeffi bench fault`: what a fault costs, and each way on from it. */
import { existsSync } from 'node:fs';
import { measureFaults } from '../../bench/fault.ts';
import { executorPath } from '../../safeffi/executor/native-target.ts';
import { CommandError, ExitCode } from '../exit-code.ts';
import { printJson, printTalk } from '../output.ts';
import { printReport } from './bench-report.ts';

export async function benchFault(options: { json?: true }): Promise<number> {
  if (!existsSync(executorPath))
    throw new CommandError('bench fault needs the native executor, which is not built', ExitCode.PROGRAM_FAILED);
  const report = await measureFaults((what) => printTalk(`measuring ${what}`));
  if (options.json) printJson(report);
  else printReport(report);
  return ExitCode.DONE;
}
