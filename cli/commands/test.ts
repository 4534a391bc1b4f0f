/** `safeffi test [CLASS…]`: the SUnit tests of the image, with those that stand in Tonel folders loaded first. */
import { readSourceTree } from '../../image/builder/source-tree.ts';
import { NodeHost } from '../../primitives/node-host.ts';
import { CheckoutPath } from '../checkout.ts';
import { CommandError, ExitCode } from '../exit-code.ts';
import { loadSources } from '../load-sources.ts';
import { reportFailure } from '../outcome-report.ts';
import { colors, Progress, printJson, printResult, printTalk } from '../output.ts';
import { type TestDefect, TestRun, type TestSummary } from '../test-run.ts';
import { openImageSession, type VmOptions } from '../vm-options.ts';

export interface TestOptions extends VmOptions {
  /** Tonel folders to load first; the kernel's tests where neither these nor an image are named. */
  readonly tests?: readonly string[];
}

/** What the image writes is talk where the result is one JSON object. */
class TalkingHost extends NodeHost {
  override writeConsole(_stream: 1 | 2, bytes: Uint8Array): void {
    super.writeConsole(2, bytes);
  }
}

export async function test(classNames: readonly string[], options: TestOptions): Promise<number> {
  const json = options.json === true;
  const paths = options.tests ?? (options.image === undefined ? [CheckoutPath.kernelTests] : []);
  const sources = readSourceTree(paths);
  const session = openImageSession(options, [], json ? new TalkingHost() : undefined);
  try {
    const loading = new Progress('loading methods');
    const failure = loadSources(session, sources, (done, total) => loading.show(done, total));
    if (failure !== undefined) return reportFailure(session, failure, json);
    const run = new TestRun(session, classNames);
    if (run.tests.length === 0) throw new CommandError(`there are no tests in ${classNames.join(', ') || 'the image'}`);
    const running = new Progress('running tests');
    const summary = run.runAll((done, total) => running.show(done, total));
    if (summary === undefined) {
      printTalk('interrupted');
      return ExitCode.INTERRUPTED;
    }
    if (json) printJson(jsonOf(summary));
    else printSummary(summary);
    return summary.failures.length === 0 ? ExitCode.DONE : ExitCode.PROGRAM_FAILED;
  } finally {
    session.close();
  }
}

function jsonOf(summary: TestSummary): object {
  return {
    schema: 1,
    passed: summary.passed,
    failed: summary.failures.length,
    skipped: summary.skipped,
    failures: summary.failures.map(({ report: _report, ...defect }) => defect),
  };
}

function printSummary({ passed, skipped, failures }: TestSummary): void {
  for (const failure of failures) printResult(describeDefect(failure));
  printResult(`${passed} passed, ${failures.length} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
}

function describeDefect(defect: TestDefect): string {
  const lines = defect.report?.trimEnd().split('\n') ?? [defect.message, ...defect.stack.map((line) => `  ${line}`)];
  return [colors.red(`${defect.class}>>${defect.selector}`), ...lines.map((line) => `  ${line}`)].join('\n');
}
