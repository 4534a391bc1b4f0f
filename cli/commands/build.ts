/** `safeffi build`: the kernel and the given sources into an image file. */
import { buildImage } from '../../image/builder/image-builder.ts';
import { isSourceTree, readSourceTree } from '../../image/builder/source-tree.ts';
import { CheckoutPath } from '../checkout.ts';
import { ExitCode } from '../exit-code.ts';
import { ImageSession } from '../image-session.ts';
import { reportFailure } from '../outcome-report.ts';
import { Progress, printJson, printTalk } from '../output.ts';
import { readScript, runScript } from '../script.ts';

export interface BuildOptions {
  readonly output: string;
  readonly json?: true;
}

export async function build(paths: readonly string[], options: BuildOptions): Promise<number> {
  const started = performance.now();
  const sources = readSourceTree([CheckoutPath.kernelSources, ...paths.filter(isSourceTree)]);
  const progress = new Progress('compiling methods');
  const memory = buildImage(sources, { onProgress: (done, total) => progress.show(done, total) });
  const session = new ImageSession(memory, { imagePath: options.output });
  try {
    const failure =
      session.initializeImage() ??
      paths
        .filter((path) => !isSourceTree(path))
        .reduce<ReturnType<typeof runScript>>(
          (failed, path) => failed ?? runScript(session, path, readScript(path)),
          undefined,
        );
    if (failure !== undefined) return reportFailure(session, failure, options.json === true);
    const bytes = session.save(options.output);
    const summary = { classes: sources.classes.length, methods: sources.methods.length, bytes };
    const seconds = (performance.now() - started) / 1000;
    if (options.json) printJson({ schema: 1, image: options.output, ...summary, seconds: Number(seconds.toFixed(3)) });
    else
      printTalk(
        `${options.output}: ${summary.classes} classes, ${summary.methods} methods, ${bytes} bytes, in ${seconds.toFixed(1)} s`,
      );
    return ExitCode.DONE;
  } finally {
    session.close();
  }
}
