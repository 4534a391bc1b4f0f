/** `safeffi bench napi`: the shims for ffi-napi and ref-napi beside the original, in one run. */
import { existsSync } from 'node:fs';
import { measureNapiShims, napiRatios } from '../../bench/napi.ts';
import { executorPath } from '../../safeffi/executor/native-target.ts';
import { CommandError, ExitCode } from '../exit-code.ts';
import { printJson, printResult, printTalk } from '../output.ts';
import { printReport } from './bench-report.ts';

export function benchNapi(options: { json?: true }): number {
  if (!existsSync(executorPath))
    throw new CommandError('bench napi needs the native executor, which is not built', ExitCode.PROGRAM_FAILED);
  const report = measureNapiShims(printTalk);
  if (options.json) printJson(report);
  else {
    printReport(report);
    printResult('the original takes, as a multiple of the safe shim:');
    for (const [name, times] of napiRatios(report.results)) printResult(`  ${name}: ${times}`);
  }
  return ExitCode.DONE;
}
