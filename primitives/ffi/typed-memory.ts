/**
 * Numbers in bytes, as SqueakFFIPrims has them: `integerAt:size:signed:`, floats and doubles, of a ByteArray in the image or
 * at an address of the executor. Byte offsets count from 1; multi-byte values lie least significant byte first, as C has
 * them on x86-64 and arm64.
 */
import type { Interpreter } from '../../vm/interpreter/interpreter.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { LinkError } from './errors.ts';
import type { FfiBridge } from './ffi-bridge.ts';

const SIZES: ReadonlySet<number> = new Set([1, 2, 4, 8]);

/** `integerAt: byteOffset size: byteCount signed: isSigned`. */
export function integerAt(bridge: FfiBridge, argumentCount: number): boolean {
  return guarded(bridge, argumentCount, () => {
    const { interpreter, values } = bridge;
    const { size, signed } = integerKind(interpreter, 0);
    const view = viewOf(bridge, interpreter.stackValue(3), interpreter.stackValue(2), size);
    return values.integer(readInteger(view, size, signed));
  });
}

/** `integerAt: byteOffset put: value size: byteCount signed: isSigned`; answers the value. */
export function integerAtPut(bridge: FfiBridge, argumentCount: number): boolean {
  return guarded(bridge, argumentCount, () => {
    const { interpreter } = bridge;
    const { size, signed } = integerKind(interpreter, 0);
    const value = interpreter.stackValue(2);
    const integer = interpreter.memory.integerValueOf(value);
    const low = signed ? -(1n << BigInt(8 * size - 1)) : 0n;
    const high = (1n << BigInt(8 * size - (signed ? 1 : 0))) - 1n;
    if (integer === undefined || integer < low || integer > high)
      throw new LinkError(`${described(interpreter, value)} does not fit, expected an Integer from ${low} to ${high}`);
    const bits = new DataView(new ArrayBuffer(8));
    bits.setBigInt64(0, BigInt.asIntN(64, BigInt(integer)), true);
    store(bridge, interpreter.stackValue(4), interpreter.stackValue(3), new Uint8Array(bits.buffer, 0, size));
    return value;
  });
}

/** `floatAt: byteOffset` and `doubleAt: byteOffset`. */
export const floatAt =
  (size: 4 | 8) =>
  (bridge: FfiBridge, argumentCount: number): boolean =>
    guarded(bridge, argumentCount, () => {
      const { interpreter } = bridge;
      const view = viewOf(bridge, interpreter.stackValue(1), interpreter.stackValue(0), size);
      return interpreter.memory.newFloat(size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true));
    });

/** `floatAt: byteOffset put: value` and `doubleAt:put:`; answers the value. */
export const floatAtPut =
  (size: 4 | 8) =>
  (bridge: FfiBridge, argumentCount: number): boolean =>
    guarded(bridge, argumentCount, () => {
      const { interpreter } = bridge;
      const value = interpreter.stackValue(0);
      const bits = new DataView(new ArrayBuffer(size));
      const number = numberValue(interpreter, value);
      if (size === 4) bits.setFloat32(0, number, true);
      else bits.setFloat64(0, number, true);
      store(bridge, interpreter.stackValue(2), interpreter.stackValue(1), new Uint8Array(bits.buffer));
      return value;
    });

function guarded(bridge: FfiBridge, argumentCount: number, action: () => Oop): boolean {
  try {
    return bridge.interpreter.answer(argumentCount, action());
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
}

/** The arguments that end with byte count and sign; `offset` is the stack offset of the last. */
function integerKind(interpreter: Interpreter, offset: number): { size: number; signed: boolean } {
  const { memory } = interpreter;
  const size = interpreter.stackValue(offset + 1);
  const signed = interpreter.stackValue(offset);
  if (!isSmallInteger(size) || !SIZES.has(smallIntegerValue(size)))
    throw new LinkError(`an integer has ${described(interpreter, size)} bytes, expected 1, 2, 4 or 8`);
  if (signed !== memory.true && signed !== memory.false)
    throw new LinkError(`whether an integer is signed is ${described(interpreter, signed)}, expected true or false`);
  return { size: smallIntegerValue(size), signed: signed === memory.true };
}

/** A view of `size` bytes: of the heap itself, or of a copy of the executor's memory. */
function viewOf(bridge: FfiBridge, receiver: Oop, byteOffset: Oop, size: number): DataView {
  const offset = offsetValue(bridge.interpreter, byteOffset);
  if (bridge.values.isAddress(receiver)) {
    const address = bridge.values.addressOf(receiver).plus(offset - 1);
    const bytes = bridge.memoryOf(address).read(address, size);
    return new DataView(bytes.buffer, bytes.byteOffset, size);
  }
  const bytes = inside(bridge, receiver, offset, size);
  return new DataView(bytes.buffer, bytes.byteOffset + offset - 1, size);
}

function store(bridge: FfiBridge, receiver: Oop, byteOffset: Oop, bytes: Uint8Array): void {
  const offset = offsetValue(bridge.interpreter, byteOffset);
  if (bridge.values.isAddress(receiver)) {
    const address = bridge.values.addressOf(receiver).plus(offset - 1);
    bridge.memoryOf(address).write(address, bytes);
    return;
  }
  const target = inside(bridge, receiver, offset, bytes.length);
  if (bridge.interpreter.memory.isImmutable(receiver))
    throw new LinkError(`an instance of ${bridge.interpreter.memory.classNameOf(receiver)} is read-only`);
  target.set(bytes, offset - 1);
}

/** The bytes of an object of the image; the range lies within them. */
function inside(bridge: FfiBridge, receiver: Oop, offset: number, size: number): Uint8Array {
  const { memory } = bridge.interpreter;
  if (isImmediate(receiver) || !memory.isBytes(receiver))
    throw new LinkError(
      `what is read as memory is ${described(bridge.interpreter, receiver)}, expected a ByteArray or an ExternalAddress`,
    );
  const bytes = memory.bytesOf(receiver);
  if (offset < 1 || offset + size - 1 > bytes.length)
    throw new LinkError(
      `${size} bytes from byte ${offset} on lie outside an instance of ${memory.classNameOf(receiver)} of ${bytes.length} bytes`,
    );
  return bytes;
}

function offsetValue(interpreter: Interpreter, oop: Oop): number {
  if (isSmallInteger(oop)) return smallIntegerValue(oop);
  throw new LinkError(`a byte offset is ${described(interpreter, oop)}, expected a SmallInteger`);
}

function numberValue(interpreter: Interpreter, oop: Oop): number {
  const { memory } = interpreter;
  if (!isImmediate(oop) && memory.classIndexOfObject(oop) === ClassIndex.FLOAT) return memory.floatValueOf(oop);
  const integer = memory.integerValueOf(oop);
  if (integer !== undefined) return Number(integer);
  throw new LinkError(`what is stored as a float is ${described(interpreter, oop)}, expected a Float or an Integer`);
}

function readInteger(view: DataView, size: number, signed: boolean): number | bigint {
  switch (size) {
    case 1:
      return signed ? view.getInt8(0) : view.getUint8(0);
    case 2:
      return signed ? view.getInt16(0, true) : view.getUint16(0, true);
    case 4:
      return signed ? view.getInt32(0, true) : view.getUint32(0, true);
    default:
      return signed ? view.getBigInt64(0, true) : view.getBigUint64(0, true);
  }
}

/** An object in an error sentence: integers by value. */
function described(interpreter: Interpreter, oop: Oop): string {
  const { memory } = interpreter;
  if (oop === memory.nil) return 'nil';
  const integer = memory.integerValueOf(oop);
  return integer === undefined ? `an instance of ${memory.classNameOf(oop)}` : String(integer);
}
