/** `safeffi run FILE`: a script, chunk by chunk or as one doit, or an image file resumed. */
import { readFileSync } from 'node:fs';
import { type Chunk, readChunks } from '../../image/builder/chunk-reader.ts';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { ImageSession } from '../image-session.ts';
import { reportFailure } from '../outcome-report.ts';
import { openImageSession, type VmOptions } from '../vm-options.ts';

export async function run(file: string, args: readonly string[], options: VmOptions): Promise<number> {
  if (file.endsWith('.image')) return resumeImage(file, args, options);
  const source = readScript(file);
  const session = openImageSession(options);
  try {
    return runScript(session, file, source, options.json === true);
  } finally {
    session.close();
  }
}

function readScript(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new CommandError(`there is no file ${file}`);
    if (code === 'EISDIR') throw new CommandError(`${file} is a directory, expected a script or an image file`);
    throw new CommandError(`${file} cannot be read (${code ?? String(error)})`);
  }
}
