/** Reads a script and runs its pieces in a session, in order, until one of them ends otherwise than with a value. */
import { closeSync, openSync, readSync } from 'node:fs';
import { type ChunkItem, readChunks } from '../image/builder/chunk-reader.ts';
import type { Outcome } from '../vm/interpreter/host-calls.ts';
import type { Oop } from '../vm/memory/oop.ts';
import { CommandError } from './exit-code.ts';
import type { ImageSession } from './image-session.ts';

const CHUNK_BYTES = 1 << 20;
const LONGEST_SCRIPT_BYTES = 64 << 20;

export type Failure = Exclude<Outcome, { kind: 'value' }>;

/** The text of a script: UTF-8, with or without a byte order mark. Throws CommandError. */
export function readScript(file: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readBounded(file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new CommandError(`there is no file ${file}`);
    if (code === 'EISDIR') throw new CommandError(`${file} is a directory, expected a script or an image file`);
    throw new CommandError(`${file} cannot be read (${code ?? String(error)})`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const offset = invalidUtf8At(bytes);
    const line = bytes.subarray(0, offset).filter((byte) => byte === 10).length + 1;
    throw new CommandError(
      `${file}:${line}: the byte 0x${bytes[offset]!.toString(16)} at offset ${offset} is no UTF-8, which scripts are written in`,
    );
  }
}

/** The whole file, or what comes through a pipe; a device that never ends is found out. */
function readBounded(file: string): Uint8Array {
  const descriptor = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; ; ) {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const count = readSync(descriptor, chunk);
      if (count === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, count));
      total += count;
      if (total > LONGEST_SCRIPT_BYTES)
        throw new CommandError(
          `${file} has more than ${LONGEST_SCRIPT_BYTES >> 20} MiB, expected a script of Smalltalk source`,
        );
    }
  } finally {
    closeSync(descriptor);
  }
}

/** The offset of the first byte that begins no character; the replacement for it is decoded, and what stands before is exact. */
function invalidUtf8At(bytes: Uint8Array): number {
  let offset = 0;
  for (const character of new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)) {
    const size = new TextEncoder().encode(character).length;
    if (character === '\ufffd' && !(bytes[offset] === 0xef && bytes[offset + 1] === 0xbf)) return offset;
    offset += size;
  }
  return offset;
}

/**
 * Undefined when all pieces ended well. Throws SourceFormatError and CompileError for text that is no Smalltalk, CommandError
 * for a method of a class that the image does not have.
 */
export function runScript(session: ImageSession, file: string, text: string): Failure | undefined {
  for (const item of readChunks(text, file)) {
    const outcome = runItem(session, file, item);
    if (outcome !== undefined && outcome.kind !== 'value') return outcome;
  }
  return undefined;
}

/** The same on Node's event loop, where Ctrl-C reaches the program. */
export async function runScriptOnLoop(session: ImageSession, file: string, text: string): Promise<Failure | undefined> {
  for (const item of readChunks(text, file)) {
    const outcome =
      item.kind === 'doit'
        ? await session.evaluateOnLoop(item.source, { file: item.file, line: item.line })
        : runItem(session, file, item);
    if (outcome !== undefined && outcome.kind !== 'value') return outcome;
  }
  return undefined;
}

function runItem(session: ImageSession, file: string, item: ChunkItem): Outcome | undefined {
  switch (item.kind) {
    case 'doit':
      return session.evaluate(item.source, { file: item.file, line: item.line });
    case 'method': {
      const { className, isClassSide, source, line } = item.method;
      const behavior = classNamed(session, className, `${file}:${line}: a method`);
      const side = isClassSide ? session.memory.classOf(behavior) : behavior;
      return session.installMethodOfSources(source, side, { file, line, protocol: item.method.protocol });
    }
    case 'comment':
      classNamed(session, item.className, `${file}: a comment`);
      return session.evaluate(`${item.className} comment: '${item.comment.replaceAll("'", "''")}'`);
  }
}

function classNamed(session: ImageSession, className: string, given: string): Oop {
  const behavior = session.vm.findClass(className);
  if (behavior === undefined)
    throw new CommandError(`${given} is given for class ${className}, which the image does not have`);
  return behavior;
}
