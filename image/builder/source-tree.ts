/**
 * Finds and reads the sources of an image: Tonel files (`*.class.st`, `*.extension.st`, `package.st`) in folders, to any
 * depth, in the order of their names, so that a build does not depend on the file system's.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ClassDefinition, MethodDefinition } from './class-definition.ts';
import { BuildError, InstallError } from './errors.ts';
import type { ImageSources } from './image-builder.ts';
import { SourceFormatError } from './source-format-error.ts';
import { readTonel } from './tonel-reader.ts';

const TONEL_FILE = /\.(class|extension|trait)\.st$/;

/** All Tonel files of the folders, and single Tonel files, read. Throws `BuildError` with every complaint, or `InstallError` for a path that is not there. */
export function readSourceTree(paths: readonly string[]): ImageSources {
  const classes: ClassDefinition[] = [];
  const methods: MethodDefinition[] = [];
  const complaints: string[] = [];
  for (const file of paths.flatMap(tonelFiles)) {
    try {
      const read = readTonel(readFileSync(file, 'utf8'), file);
      if (read.definition !== undefined) classes.push(read.definition);
      methods.push(...read.methods);
    } catch (error) {
      if (!(error instanceof SourceFormatError)) throw error;
      complaints.push(error.message);
    }
  }
  if (complaints.length > 0) throw new BuildError(complaints);
  return { classes, methods };
}

/** The Tonel files below a folder, or the file itself. */
function tonelFiles(path: string): string[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new InstallError('no-source', `there is no file or folder ${path}`);
  if (!status.isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .map((name) => join(path, String(name)))
    .filter((name) => TONEL_FILE.test(name))
    .sort();
}

/** True for what `readSourceTree` takes: a folder, or a single Tonel file. Other files are scripts in chunk format. */
export function isSourceTree(path: string): boolean {
  return TONEL_FILE.test(path) || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== false;
}
