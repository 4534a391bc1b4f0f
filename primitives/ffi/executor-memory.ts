/** The primitives that read, write, allocate and free memory of the executor; the image's side is `ExternalAddress`. */
import type { Address } from '../../safeffi/index.ts';
import { isSmallInteger, type Oop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { PrimitiveError } from '../../vm/memory/well-known.ts';
import { LinkError } from './errors.ts';
import type { FfiBridge } from './ffi-bridge.ts';

/** `bytesAt: offset size: byteCount` of an ExternalAddress. */
export function readMemory(bridge: FfiBridge, argumentCount: number): boolean {
  return onMemory(bridge, argumentCount, 2, (address) => {
    const { memory } = bridge.interpreter;
    const size = natural(bridge, bridge.interpreter.stackValue(0), 'a byte count');
    if (!memory.hasRoomFor((size + 3) >> 2))
      throw new LinkError(`there is no room for ${size} bytes in the object memory`);
    return bridge.values.newByteArray(bridge.memoryOf(address).read(address, size));
  });
}

/** `bytesAt: offset put: aByteArray`. */
export function writeMemory(bridge: FfiBridge, argumentCount: number): boolean {
  return onMemory(bridge, argumentCount, 2, (address) => {
    const { memory } = bridge.interpreter;
    const bytes = bridge.interpreter.stackValue(0);
    if ((bytes & 3) !== 0 || !memory.isBytes(bytes))
      throw new LinkError('what is written to C is a ByteArray or a String');
    bridge.memoryOf(address).write(address, memory.bytesOf(bytes));
    return bytes;
  });
}

/** `stringAt: offset`. */
export function readString(bridge: FfiBridge, argumentCount: number): boolean {
  return onMemory(bridge, argumentCount, 1, (address) =>
    bridge.values.newString(bridge.memoryOf(address).readCString(address)),
  );
}

/** `ExternalAddress class>>allocate: byteCount`. */
export function allocate(bridge: FfiBridge, argumentCount: number): boolean {
  try {
    const size = natural(bridge, bridge.interpreter.stackValue(0), 'a byte count');
    return bridge.interpreter.answer(argumentCount, bridge.values.newAddress(bridge.session.memory.allocate(size)));
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
}

/** `ExternalAddress>>free`, of what C gave as well as of what `allocate:` gave: the address becomes null. */
export function free(bridge: FfiBridge, argumentCount: number): boolean {
  return onMemory(bridge, argumentCount, 0, (address, receiver) => {
    bridge.memoryOf(address).free(address, { givenByC: true });
    bridge.interpreter.memory.bytesOf(receiver).fill(0);
    return receiver;
  });
}

/** Runs `action` on the receiver's address plus the offset, which is the first of `parameters` arguments. */
function onMemory(
  bridge: FfiBridge,
  argumentCount: number,
  parameters: number,
  action: (address: Address, receiver: Oop) => Oop,
): boolean {
  const { interpreter } = bridge;
  const receiver = interpreter.stackValue(argumentCount);
  if (argumentCount !== parameters || !bridge.values.isAddress(receiver))
    return interpreter.fail(PrimitiveError.BAD_RECEIVER);
  try {
    const base = bridge.values.addressOf(receiver);
    const address = parameters === 0 ? base : base.plus(offsetValue(bridge, interpreter.stackValue(parameters - 1)));
    return interpreter.answer(argumentCount, action(address, receiver));
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
}

function offsetValue(bridge: FfiBridge, oop: Oop): number {
  if (isSmallInteger(oop)) return smallIntegerValue(oop);
  throw new LinkError(
    `an offset is an instance of ${bridge.interpreter.memory.classNameOf(oop)}, expected a SmallInteger`,
  );
}

function natural(bridge: FfiBridge, oop: Oop, what: string): number {
  if (isSmallInteger(oop) && smallIntegerValue(oop) >= 0) return smallIntegerValue(oop);
  throw new LinkError(
    `${what} is ${isSmallInteger(oop) ? smallIntegerValue(oop) : `an instance of ${bridge.interpreter.memory.classNameOf(oop)}`}, expected a SmallInteger that is not negative`,
  );
}
