/** `safeffi convert A.image B.image --format spur64`: one image file into another, verified before it is written. */
import { inImageFile, writeImageFile } from '../../image/format/image-file.ts';
import { readImage } from '../../image/format/read-image.ts';
import { type WritableFormat, writeImage } from '../../image/format/write-image.ts';
import { Collector } from '../../vm/memory/collector.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { CommandError, ExitCode } from '../exit-code.ts';
import { printJson, printResult } from '../output.ts';

const SHOWN_PROBLEMS = 5;

export async function convert(
  from: string,
  to: string,
  options: { format: WritableFormat; json?: true },
): Promise<number> {
  const { memory, settings, format } = inImageFile(from, (bytes) => readImage(bytes));
  const problems = new HeapVerifier(memory).verify().map(({ sentence }) => sentence);
  if (problems.length > 0) {
    const more = problems.length > SHOWN_PROBLEMS ? [`and ${problems.length - SHOWN_PROBLEMS} more`] : [];
    const shown = [...problems.slice(0, SHOWN_PROBLEMS), ...more].join('; ');
    throw new CommandError(`${from} is damaged and was not converted: ${shown}`, ExitCode.BAD_INPUT);
  }
  new Collector(memory).collect();
  const bytes = writeImage(memory, options.format, settings);
  writeImageFile(to, bytes);
  if (options.json)
    printJson({
      schema: 1,
      from: { file: from, format: format.format },
      to: { file: to, format: options.format, bytes: bytes.length },
    });
  else printResult(`${to}: ${options.format}, ${bytes.length} bytes, from ${from}, ${format.description}`);
  return ExitCode.DONE;
}
