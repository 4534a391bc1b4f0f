/**
 * What may stand behind the library in `ffiCall:library:options:fixedArgumentCount:`: a list of options, as Pharo's uFFI
 * names them, and how many arguments come before the variable ones.
 *
 * An option is switched on by its name or `+`, off by `-`. All of Pharo's are taken, so that its code runs unchanged; those
 * about how Pharo calls (`optCallbackCall`, `optIndirectCall`, `optCoerceNilToNull`, …) have nothing to choose here.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { LinkError } from './errors.ts';

export interface CallOptions {
  readonly fixedArgumentCount: number | undefined;
  /** A checkpoint is taken before each call; ours, not Pharo's. */
  readonly checkpoint: boolean;
}

const KNOWN: ReadonlySet<string> = new Set([
  'optStrict',
  'optCallbackCall',
  'optIndirectCall',
  'optNonBlocking',
  'optCoerceNilToNull',
  'optAutoReleaseReturnedValue',
  'optStringEncodingMandatory',
  'optStringEncodingUtf8',
  'optStringEncodingUtf16',
  'optCheckpoint',
]);

/** True for what is no library: an Array of options, a count. */
export function isCallOption(memory: ObjectMemory, oop: Oop): boolean {
  return isSmallInteger(oop) || (!isImmediate(oop) && memory.classIndexOfObject(oop) === ClassIndex.ARRAY);
}

/** Throws LinkError for an option that there is none of. */
export function readCallOptions(memory: ObjectMemory, values: readonly Oop[]): CallOptions {
  let fixedArgumentCount: number | undefined;
  let checkpoint = false;
  for (const value of values) {
    if (isSmallInteger(value)) fixedArgumentCount = smallIntegerValue(value);
    else checkpoint = optionsOn(memory, value).has('optCheckpoint');
  }
  return { fixedArgumentCount, checkpoint };
}

function optionsOn(memory: ObjectMemory, list: Oop): ReadonlySet<string> {
  const on = new Set<string>();
  let isOn = true;
  for (let i = 0; i < memory.slotCountOf(list); i++) {
    const option = memory.fetchPointer(list, i);
    const name = !isImmediate(option) && memory.isBytes(option) ? memory.stringValueOf(option) : undefined;
    if (name === undefined)
      throw new LinkError(`an option of a callout is an instance of ${memory.classNameOf(option)}, expected a Symbol`);
    if (name !== '+' && name !== '-' && !KNOWN.has(name))
      throw new LinkError(`a callout has no option ${name}, expected one of ${[...KNOWN].join(', ')}`);
    if (name === '+' || name === '-') isOn = name === '+';
    else if (isOn) on.add(name);
  }
  return on;
}
