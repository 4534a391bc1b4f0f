/**
 * Arguments whose type the image defined: structures by value and by pointer, enumerations, pointers to pointers, pointers to
 * functions. Each is checked against the class that the signature names before C sees it.
 */
import { Address, type ArgumentValue, Unpassable } from '../../safeffi/index.ts';
import { isImmediate, type Oop } from '../../vm/memory/oop.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import type { FfiBridge } from './ffi-bridge.ts';
import type { Adaptation } from './ffi-type.ts';
import { ADDRESS_BYTES } from './values.ts';

export function adaptedArgument(bridge: FfiBridge, oop: Oop, adaptation: Adaptation): ArgumentValue {
  const { values } = bridge;
  const { memory } = bridge.interpreter;
  const isObject = !isImmediate(oop) && oop !== memory.nil && memory.isPointers(oop);
  switch (adaptation.kind) {
    case 'record': {
      if (isObject && !values.isKindOf(oop, adaptation.classIndex)) return other(bridge, oop, adaptation.name);
      const value = values.toC(oop);
      return value instanceof Address ? bridge.memoryOf(value).read(value, adaptation.sizeBytes) : value;
    }
    case 'instance':
      return isObject && !values.isKindOf(oop, adaptation.classIndex) && !values.isReference(oop)
        ? other(bridge, oop, adaptation.name)
        : values.toC(oop);
    case 'enum':
      return isObject && !values.isKindOf(oop, adaptation.classIndex)
        ? other(bridge, oop, adaptation.name)
        : values.toC(oop);
    case 'outPointer': {
      const held = values.heldBy(oop);
      return values.isAddress(held) ? memory.bytesOf(held).subarray(0, ADDRESS_BYTES) : values.toC(oop);
    }
    case 'callback': {
      const { shape } = adaptation;
      if (!isObject || shape === undefined || memory.classIndexOfObject(oop) !== ClassIndex.FULL_BLOCK_CLOSURE)
        return values.toC(oop);
      return bridge.callbacks.createTemporary(bridge.destination, shape, oop, 'a block');
    }
  }
}

/** A sentence that names the class is the engine's to finish: it knows the argument. */
function other(bridge: FfiBridge, oop: Oop, expected: string): Unpassable {
  return new Unpassable(`an instance of ${bridge.interpreter.memory.classNameOf(oop)}, not of ${expected}`);
}
