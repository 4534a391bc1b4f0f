/** `safeffi inspect FILE.image`: what is in an image file. */
import { readImageFile } from '../../image/format/image-file.ts';
import { inspectImage } from '../../image/format/inspect-image.ts';
import { ExitCode } from '../exit-code.ts';
import { printJson, printResult } from '../output.ts';

/** Classes shown where the answer is read by a person. */
const SHOWN_CLASSES = 20;

export async function inspect(file: string, options: { json?: true }): Promise<number> {
  const report = inspectImage(readImageFile(file));
  if (options.json) {
    printJson(report);
  } else {
    printResult(
      [
        `${file}: ${report.format}, magic ${report.magic}, ${report.endian}-endian, bytecodes ${report.bytecodes}`,
        `${report.bytes} bytes, ${report.objects} objects, ${report.methods} methods, ${report.classes} classes`,
        ...classTable(report.byClass),
        ...report.problems.map((problem) => `problem: ${problem}`),
      ].join('\n'),
    );
  }
  return report.problems.length === 0 ? ExitCode.DONE : ExitCode.BAD_INPUT;
}

function classTable(byClass: readonly { name: string; count: number; bytes: number }[]): string[] {
  const rows = byClass.slice(0, SHOWN_CLASSES);
  if (rows.length === 0) return [];
  const line = (count: string, bytes: string, name: string): string => `${count.padStart(9)} ${bytes.padStart(10)}  ${name}`;
  const more = byClass.length - rows.length;
  return [
    line('instances', 'bytes', 'class'),
    ...rows.map((row) => line(String(row.count), String(row.bytes), row.name)),
    ...(more > 0 ? [line('', '', `and ${more} more classes`)] : []),
  ];
}
