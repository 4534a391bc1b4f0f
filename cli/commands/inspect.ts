/** `safeffi inspect FILE.image`: what is in an image file; with `--primitives`, which primitives its methods name. */
import { inImageFile } from '../../image/format/image-file.ts';
import { inspectImage } from '../../image/format/inspect-image.ts';
import { printHeapStatistics } from '../../vm/debug/heap-printer.ts';
import { ExitCode } from '../exit-code.ts';
import type { NamedPrimitive } from '../image-primitives.ts';
import { printJson, printResult } from '../output.ts';

export async function inspect(file: string, options: { json?: true; primitives?: true }): Promise<number> {
  const report = inImageFile(file, inspectImage);
  const primitives = options.primitives && report.problems.length === 0 ? await primitivesOf(file) : undefined;
  if (options.json) {
    printJson(primitives === undefined ? report : { ...report, primitives });
  } else {
    printResult(
      [
        `${file}: ${report.format}, magic ${report.magic}, ${report.endian}-endian, bytecodes ${report.bytecodes}`,
        `${report.bytes} bytes, ${report.objects} objects, ${report.methods} methods, ${report.classes} classes`,
        ...(report.window === null ? [] : [`window ${report.window[0]} x ${report.window[1]}`]),
        printHeapStatistics({ ...report, sistaMethods: 0 }),
        report.start.length === 0 ? 'no process was active when it was saved' : 'goes on in',
        ...report.start.map((frame) => `  ${frame}`),
        ...report.problems.map((problem) => `problem: ${problem}`),
        ...(primitives === undefined ? [] : [await describe(primitives)]),
      ].join('\n'),
    );
  }
  return report.problems.length === 0 ? ExitCode.DONE : ExitCode.BAD_INPUT;
}

/** A VM is made for them and runs nothing: loaded only when asked for. */
async function primitivesOf(file: string): Promise<readonly NamedPrimitive[]> {
  const { openImageSession } = await import('../vm-options.ts');
  const { primitivesNamedIn } = await import('../image-primitives.ts');
  const session = openImageSession({ image: file });
  try {
    return primitivesNamedIn(session);
  } finally {
    session.close();
  }
}

const describe = async (primitives: readonly NamedPrimitive[]): Promise<string> =>
  (await import('../image-primitives.ts')).describePrimitives(primitives);
