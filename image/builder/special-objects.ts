/** What stands where in the special objects array and below class index 1024 of an image that we make; Squeak's order. */
import { ClassIndex, SpecialObject } from '../../vm/memory/well-known.ts';

/** Slots of Spur's free lists object in a 32-bit image; empty in a fresh image. */
export const FREE_LIST_SLOTS = 32;

/**
 * Classes that are entered at a fixed index. Symbol and Metaclass get one because symbols and metaclasses are made before
 * their class is.
 */
export const FIXED_CLASS_INDICES = {
  Character: ClassIndex.CHARACTER,
  LargeNegativeInteger: ClassIndex.LARGE_NEGATIVE_INTEGER,
  LargePositiveInteger: ClassIndex.LARGE_POSITIVE_INTEGER,
  BoxedFloat64: ClassIndex.FLOAT,
  Message: ClassIndex.MESSAGE,
  Context: ClassIndex.CONTEXT,
  FullBlockClosure: ClassIndex.FULL_BLOCK_CLOSURE,
  ByteArray: ClassIndex.BYTE_ARRAY,
  Array: ClassIndex.ARRAY,
  ByteString: ClassIndex.BYTE_STRING,
  Bitmap: ClassIndex.BITMAP,
  Symbol: 64,
  Metaclass: 65,
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
];

/** The 32 special sends in bytecode order, with their argument counts. */
export const SPECIAL_SELECTORS: readonly (readonly [string, number])[] = [
  ['+', 1],
  ['-', 1],
  ['<', 1],
  ['>', 1],
  ['<=', 1],
  ['>=', 1],
  ['=', 1],
  ['~=', 1],
  ['*', 1],
  ['/', 1],
  ['\\\\', 1],
  ['@', 1],
  ['bitShift:', 1],
  ['//', 1],
  ['bitAnd:', 1],
  ['bitOr:', 1],
  ['at:', 1],
  ['at:put:', 2],
  ['size', 0],
  ['next', 0],
  ['nextPut:', 1],
  ['atEnd', 0],
  ['==', 1],
  ['class', 0],
  ['~~', 1],
  ['value', 0],
  ['value:', 1],
  ['do:', 1],
  ['new', 0],
  ['new:', 1],
  ['x', 0],
  ['y', 0],
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
