/** Runs the pieces of a script in a session, in order, until one of them ends otherwise than with a value. */
import { type ChunkItem, readChunks } from '../image/builder/chunk-reader.ts';
import type { Outcome } from '../vm/interpreter/host-calls.ts';
import { CommandError } from './exit-code.ts';
import type { ImageSession } from './image-session.ts';

export type Failure = Exclude<Outcome, { kind: 'value' }>;

/**
 * Undefined when all pieces ended well. Throws SourceFormatError and CompileError for text that is no Smalltalk, CommandError
 * for a method of a class that the image does not have.
 */
export function runScript(session: ImageSession, file: string, text: string): Failure | undefined {
  for (const item of readChunks(text, file)) {
    const outcome = runItem(session, item);
    if (outcome !== undefined && outcome.kind !== 'value') return outcome;
  }
  return undefined;
}

function runItem(session: ImageSession, item: ChunkItem): Outcome | undefined {
  switch (item.kind) {
    case 'doit':
      return session.evaluate(item.source, { file: item.file, line: item.line });
    case 'method': {
      const { className, isClassSide, source, file, line } = item.method;
      const behavior = session.vm.findClass(className);
      if (behavior === undefined)
        throw new CommandError(
          `${file}:${line}: a method is given for class ${className}, which the image does not have`,
        );
      return session.installMethod(source, isClassSide ? session.memory.classOf(behavior) : behavior, { file, line });
    }
    case 'comment':
      return undefined;
  }
}
