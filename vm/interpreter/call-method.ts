/**
 * The method that a host's call starts from: pushes a receiver and arguments, sends one message, returns the value. Made
 * anew for each call, so that any message can be sent into any image, whatever its kernel has.
 *
 *     literals   selector, receiver, argument 1 ... n, name of the method, pun of the class association
 *     bytecodes  pushLiteral 1 ... n + 1; send literal 0; returnTop
 */
import { Format } from '../memory/header.ts';
import { encodeMethodHeader } from '../memory/method-access.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import { NO_OOP, type Oop } from '../memory/oop.ts';
import { AssociationSlot, SMALL_CONTEXT_STACK, SpecialObject } from '../memory/well-known.ts';

const EXTENSION_B = 225;
const PUSH_LITERAL = 228;
const SEND = 234;
const RETURN_TOP = 92;
const POP = 216;
const PUSH_TEMP = 64;
/** What one send bytecode counts without a prefix. */
const SEND_ARGUMENTS = 8;
/** Deepest stack of a large context, less the receiver. */
export const MAX_CALL_ARGUMENTS = 55;

/** A method that sends `selector`. `name` is the selector that stack printers show for it. NO_OOP when there is no room. */
export function makeCallMethod(
  memory: ObjectMemory,
  selector: Oop,
  receiver: Oop,
  values: readonly Oop[],
  name: Oop,
): Oop {
  const code: number[] = [];
  for (let literal = 1; literal <= values.length + 1; literal++) code.push(PUSH_LITERAL, literal);
  if (values.length >= SEND_ARGUMENTS) code.push(EXTENSION_B, Math.floor(values.length / SEND_ARGUMENTS));
  code.push(SEND, values.length % SEND_ARGUMENTS, RETURN_TOP);
  const literals = [selector, receiver, ...values, name, classAssociation(memory)];
  return makeMethod(memory, literals, code, values.length + 1 > SMALL_CONTEXT_STACK);
}

/** A method with a large context that answers what lies on top of its stack: its contexts lend room for arguments. */
export function makeBridgeMethod(memory: ObjectMemory, name: Oop = memory.nil): Oop {
  return makeMethod(memory, [name, classAssociation(memory)], [RETURN_TOP], true);
}

/** A method of one argument that sends `selector` to `receiver`, drops the value, and answers the argument. */
export function makeSignalMethod(memory: ObjectMemory, receiver: Oop, selector: Oop): Oop {
  const literals = [selector, receiver, memory.nil, classAssociation(memory)];
  return makeMethod(memory, literals, [PUSH_LITERAL, 1, SEND, 0, POP, PUSH_TEMP, RETURN_TOP], false, 1);
}

function makeMethod(
  memory: ObjectMemory,
  literals: readonly Oop[],
  code: readonly number[],
  large: boolean,
  argumentCount = 0,
): Oop {
  const byteCount = 4 * (literals.length + 1) + code.length;
  const slotCount = (byteCount + 3) >> 2;
  if (!memory.hasRoomFor(slotCount)) return NO_OOP;
  const classIndex = memory.indexOfClass(memory.specialObject(SpecialObject.CLASS_COMPILED_METHOD));
  const method = memory.allocateBits(classIndex, Format.COMPILED_METHOD + (-byteCount & 3), slotCount);
  const header = encodeMethodHeader({
    literalCount: literals.length,
    argumentCount,
    tempCount: argumentCount,
    hasPrimitive: false,
    needsLargeFrame: large,
    isSista: true,
  });
  memory.storePointer(method, 0, header);
  literals.forEach((literal, index) => {
    memory.storePointer(method, 1 + index, literal);
  });
  memory.u8.set(code, memory.bodyOf(method) + 4 * (literals.length + 1));
  return method;
}

/** Code that belongs to no method dictionary shows as the class of nil, as a doit does. */
function classAssociation(memory: ObjectMemory): Oop {
  // The scheduler's association is one that every image has: an Association, or whatever the image has in its stead.
  const classIndex = memory.classIndexOf(memory.specialObject(SpecialObject.SCHEDULER_ASSOCIATION));
  const association = memory.allocatePointers(classIndex, Format.FIXED, 2);
  memory.storePointer(association, AssociationSlot.VALUE, memory.classOf(memory.nil));
  return association;
}
