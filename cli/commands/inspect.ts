/** `safeffi inspect FILE.image`: what is in an image file. */
import { inImageFile } from '../../image/format/image-file.ts';
import { inspectImage } from '../../image/format/inspect-image.ts';
import { printHeapStatistics } from '../../vm/debug/heap-printer.ts';
import { ExitCode } from '../exit-code.ts';
import { printJson, printResult } from '../output.ts';

export async function inspect(file: string, options: { json?: true }): Promise<number> {
  const report = inImageFile(file, inspectImage);
  if (options.json) {
    printJson(report);
  } else {
    printResult(
      [
        `${file}: ${report.format}, magic ${report.magic}, ${report.endian}-endian, bytecodes ${report.bytecodes}`,
        `${report.bytes} bytes, ${report.objects} objects, ${report.methods} methods, ${report.classes} classes`,
        printHeapStatistics({ ...report, sistaMethods: 0 }),
        ...report.problems.map((problem) => `problem: ${problem}`),
      ].join('\n'),
    );
  }
  return report.problems.length === 0 ? ExitCode.DONE : ExitCode.BAD_INPUT;
}
