/** The primitives about types: the layout of one that the image describes, and that definitions changed. */
import { alignmentOf, isRecord } from '../../safeffi/index.ts';
import { smallIntegerOop } from '../../vm/memory/oop.ts';
import type { FfiBridge } from './ffi-bridge.ts';
import { cTypeOf } from './ffi-type.ts';
import { readTypeDescription } from './type-description.ts';

/** `layoutOf: aDescription`: an Array of size, alignment, and the offsets of a record's fields in their order, in bytes. */
export function typeLayout(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const { memory } = interpreter;
  try {
    const type = cTypeOf(readTypeDescription(memory, interpreter.stackValue(0)));
    const offsets = isRecord(type) ? type.fields.map((field) => field.offsetBytes) : [];
    const numbers = [type.sizeBytes, alignmentOf(type), ...offsets];
    const array = memory.newArray(numbers.length);
    numbers.forEach((number, i) => {
      memory.storePointer(array, i, smallIntegerOop(number));
    });
    return interpreter.answer(argumentCount, array);
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
}

/** `definitionsChanged`: what was linked before is linked anew. */
export function forgetTypes(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  bridge.forgetTypes();
  return interpreter.answer(argumentCount, interpreter.stackValue(argumentCount));
}
