/** `safeffi bench image`: loading and writing images, their memory, and an image of another VM from a cold start. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureImages } from '../../bench/image.ts';
import { CheckoutPath } from '../checkout.ts';
import { CommandError, ExitCode } from '../exit-code.ts';
import { printJson, printResult, printTalk } from '../output.ts';
import { printMedians } from './bench-report.ts';

export async function benchImage(options: { json?: true; squeakjs?: string }): Promise<number> {
  const { squeakjs } = options;
  if (squeakjs !== undefined && !existsSync(join(squeakjs, 'squeak_node.js')))
    throw new CommandError(`--squeakjs ${squeakjs}: there is no squeak_node.js, expected a checkout of SqueakJS`);
  if (!existsSync(CheckoutPath.kernelImage))
    throw new CommandError(`the kernel image ${CheckoutPath.kernelImage} is not built; run: npm run setup`);
  const folder = [
    process.env.SAFEFFI_IMAGES,
    resolve('..', 'shared', 'images'),
    resolve('..', '..', 'shared', 'images'),
  ].find((path) => path !== undefined && existsSync(path));
  const report = measureImages({
    ...(squeakjs === undefined ? {} : { squeakjs: resolve(squeakjs) }),
    ...(folder === undefined ? {} : { imagesFolder: folder }),
    command: [fileURLToPath(new URL('../start.js', import.meta.url))],
    say: (what) => printTalk(`measuring ${what}`),
  });
  if (options.json) {
    printJson(report);
    return ExitCode.DONE;
  }
  printMedians(report);
  for (const note of report.notes) printResult(note);
  return ExitCode.DONE;
}
