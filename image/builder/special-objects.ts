/** What stands where in the special objects array and below class index 1024 of an image that we make; Squeak's order. */
import { ClassIndex, SpecialObject } from '../../vm/memory/well-known.ts';

/**
 * Classes that are entered at a fixed index: Spur's compact classes, and those whose instances are made before the class is.
 */
export const FIXED_CLASS_INDICES = {
  Character: ClassIndex.CHARACTER,
  LargeNegativeInteger: ClassIndex.LARGE_NEGATIVE_INTEGER,
  LargePositiveInteger: ClassIndex.LARGE_POSITIVE_INTEGER,
  BoxedFloat64: ClassIndex.FLOAT,
  Message: ClassIndex.MESSAGE,
  Context: ClassIndex.CONTEXT,
  BlockClosure: ClassIndex.BLOCK_CLOSURE,
  FullBlockClosure: ClassIndex.FULL_BLOCK_CLOSURE,
  ByteArray: ClassIndex.BYTE_ARRAY,
  Array: ClassIndex.ARRAY,
  ByteString: ClassIndex.BYTE_STRING,
  Bitmap: ClassIndex.BITMAP,
  Symbol: 64,
  Metaclass: 65,
  UndefinedObject: 66,
  False: 67,
  True: 68,
} as const;

export const SPECIAL_OBJECT_CLASSES: readonly (readonly [number, string])[] = [
  [SpecialObject.CLASS_BITMAP, 'Bitmap'],
  [SpecialObject.CLASS_SMALL_INTEGER, 'SmallInteger'],
  [SpecialObject.CLASS_BYTE_STRING, 'ByteString'],
  [SpecialObject.CLASS_ARRAY, 'Array'],
  [SpecialObject.CLASS_FLOAT, 'BoxedFloat64'],
  [SpecialObject.CLASS_CONTEXT, 'Context'],
  [SpecialObject.CLASS_POINT, 'Point'],
  [SpecialObject.CLASS_LARGE_POSITIVE_INTEGER, 'LargePositiveInteger'],
  [SpecialObject.CLASS_MESSAGE, 'Message'],
  [SpecialObject.CLASS_COMPILED_METHOD, 'CompiledMethod'],
  [SpecialObject.CLASS_SEMAPHORE, 'Semaphore'],
  [SpecialObject.CLASS_CHARACTER, 'Character'],
  [SpecialObject.CLASS_BYTE_ARRAY, 'ByteArray'],
  [SpecialObject.CLASS_PROCESS, 'Process'],
  [SpecialObject.CLASS_FULL_BLOCK_CLOSURE, 'FullBlockClosure'],
  [SpecialObject.CLASS_LARGE_NEGATIVE_INTEGER, 'LargeNegativeInteger'],
  [SpecialObject.CLASS_EXTERNAL_ADDRESS, 'ExternalAddress'],
];

export const SPECIAL_OBJECT_SYMBOLS: readonly (readonly [number, string])[] = [
  [SpecialObject.SELECTOR_DOES_NOT_UNDERSTAND, 'doesNotUnderstand:'],
  [SpecialObject.SELECTOR_CANNOT_RETURN, 'cannotReturn:'],
  [SpecialObject.SELECTOR_MUST_BE_BOOLEAN, 'mustBeBoolean'],
  [SpecialObject.SELECTOR_ABOUT_TO_RETURN, 'aboutToReturn:through:'],
  [SpecialObject.SELECTOR_RUN_WITH_IN, 'run:with:in:'],
  [SpecialObject.SELECTOR_ATTEMPT_TO_ASSIGN, 'attemptToAssign:withIndex:'],
  [SpecialObject.SELECTOR_UNKNOWN_BYTECODE, 'unusedBytecode'],
];

/** Failure code n is element n - 1; code 0 never reaches an image. */
export const PRIMITIVE_ERROR_NAMES: readonly string[] = [
  'primitive failed',
  'bad receiver',
  'bad argument',
  'bad index',
  'bad number of arguments',
  'inappropriate operation',
  'unsupported operation',
  'no modification',
  'insufficient object memory',
  'insufficient C memory',
  'not found',
  'bad method',
  'internal error in named primitive machinery',
  'object may move',
  'resource limit exceeded',
  'object is pinned',
  'primitive write beyond end of object',
  'object moved',
  'object not pinned',
  'callback error',
  'operating system error',
  'FFI call exception',
  'heap compaction needed',
  'operation failed',
];
