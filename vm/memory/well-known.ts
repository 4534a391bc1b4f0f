/**
 * Positions that the VM and every image agree upon: special objects, class indices of classes that the VM knows by index,
 * and the slots of objects that the VM looks into. Numbers are those of Squeak and Pharo.
 */

/** Indices into the special objects array. */
export const SpecialObject = {
  NIL: 0,
  FALSE: 1,
  TRUE: 2,
  SCHEDULER_ASSOCIATION: 3,
  CLASS_BITMAP: 4,
  CLASS_SMALL_INTEGER: 5,
  CLASS_BYTE_STRING: 6,
  CLASS_ARRAY: 7,
  SMALLTALK: 8,
  CLASS_FLOAT: 9,
  CLASS_CONTEXT: 10,
  /** In images with Blue Book blocks. */
  V3_CLASS_BLOCK_CONTEXT: 11,
  CLASS_POINT: 12,
  CLASS_LARGE_POSITIVE_INTEGER: 13,
  /** The Form that the image calls its Display. */
  DISPLAY: 14,
  CLASS_MESSAGE: 15,
  CLASS_COMPILED_METHOD: 16,
  LOW_SPACE_SEMAPHORE: 17,
  CLASS_SEMAPHORE: 18,
  CLASS_CHARACTER: 19,
  SELECTOR_DOES_NOT_UNDERSTAND: 20,
  SELECTOR_CANNOT_RETURN: 21,
  PROCESS_SIGNALING_LOW_SPACE: 22,
  /** Array of 64: selector, argument count, selector, ... of the special sends, in bytecode order. */
  SPECIAL_SELECTORS: 23,
  SELECTOR_MUST_BE_BOOLEAN: 25,
  CLASS_BYTE_ARRAY: 26,
  CLASS_PROCESS: 27,
  /** In V3 images: the classes that objects name by a number of five bits. */
  V3_COMPACT_CLASSES: 28,
  TIMER_SEMAPHORE: 29,
  INTERRUPTION_SEMAPHORE: 30,
  CLASS_BLOCK_CLOSURE: 36,
  CLASS_FULL_BLOCK_CLOSURE: 37,
  EXTERNAL_OBJECTS: 38,
  /** Signalled when a collection found ephemerons or weak arrays to be finalized. */
  FINALIZATION_SEMAPHORE: 41,
  CLASS_LARGE_NEGATIVE_INTEGER: 42,
  CLASS_EXTERNAL_ADDRESS: 43,
  CLASS_EXTERNAL_STRUCTURE: 44,
  CLASS_EXTERNAL_DATA: 45,
  CLASS_EXTERNAL_FUNCTION: 46,
  CLASS_EXTERNAL_LIBRARY: 47,
  SELECTOR_ABOUT_TO_RETURN: 48,
  SELECTOR_RUN_WITH_IN: 49,
  SELECTOR_ATTEMPT_TO_ASSIGN: 50,
  /** Array of symbols: primitive failure code n is element n - 1. */
  PRIMITIVE_ERROR_TABLE: 51,
  CLASS_ALIEN: 52,
  SELECTOR_UNKNOWN_BYTECODE: 57,
  COUNT: 60,
} as const;

/** Class indices below 1024 are fixed; Spur calls them compact classes and puns. */
export const ClassIndex = {
  FREE: 0,
  SMALL_INTEGER: 1,
  CHARACTER: 2,
  /** SmallInteger again: the tag 11 in 32-bit images. */
  SMALL_INTEGER_ODD: 3,
  FORWARDER: 8,
  /** Puns: bits or pointers that belong to the memory manager, not to a class. */
  ARRAY_PUN: 16,
  WEAK_ARRAY_PUN: 17,
  BITS_32_PUN: 18,
  BITS_64_PUN: 19,
  LARGE_NEGATIVE_INTEGER: 32,
  LARGE_POSITIVE_INTEGER: 33,
  FLOAT: 34,
  MESSAGE: 35,
  CONTEXT: 36,
  BLOCK_CLOSURE: 37,
  FULL_BLOCK_CLOSURE: 38,
  /** Blue Book blocks, in images that came from V3. */
  BLOCK_CONTEXT: 39,
  BYTE_ARRAY: 50,
  ARRAY: 51,
  BYTE_STRING: 52,
  BITMAP: 53,
  /** The first index that a class gets when it is entered without a fixed one. */
  FIRST_FREE: 1024,
} as const;

/** Slots of Behavior and its subclasses. */
export const BehaviorSlot = { SUPERCLASS: 0, METHOD_DICTIONARY: 1, FORMAT: 2 } as const;
export const ClassSlot = {
  INSTANCE_VARIABLES: 3,
  ORGANIZATION: 4,
  SUBCLASSES: 5,
  NAME: 6,
  CLASS_POOL: 7,
  SHARED_POOLS: 8,
  ENVIRONMENT: 9,
  CATEGORY: 10,
  COUNT: 11,
} as const;
export const MetaclassSlot = { INSTANCE_VARIABLES: 3, ORGANIZATION: 4, THIS_CLASS: 5, COUNT: 6 } as const;

/** A method dictionary: tally, array of methods, then the selectors. Open addressing by identity hash, linear probing. */
export const MethodDictionarySlot = { TALLY: 0, METHODS: 1, FIRST_KEY: 2 } as const;

export const AssociationSlot = { KEY: 0, VALUE: 1 } as const;
export const MessageSlot = { SELECTOR: 0, ARGUMENTS: 1, LOOKUP_CLASS: 2 } as const;

/** A context: activation of a method or block. `STACK` is the first temp; stackp counts from it, arguments included. */
export const ContextSlot = {
  SENDER: 0,
  PC: 1,
  STACKP: 2,
  METHOD: 3,
  CLOSURE: 4,
  RECEIVER: 5,
  STACK: 6,
} as const;
export const SMALL_CONTEXT_STACK = 16;
export const LARGE_CONTEXT_STACK = 56;

/** A full block closure; copied values follow. `CODE` is the compiled block. */
export const ClosureSlot = { OUTER_CONTEXT: 0, CODE: 1, ARGUMENT_COUNT: 2, RECEIVER: 3, FIRST_COPIED: 4 } as const;

/** An ephemeron: while nothing else holds its key, it holds neither key nor what follows. */
export const EphemeronSlot = { KEY: 0 } as const;
/** V3's block closure; its code lies in the method of `OUTER_CONTEXT`, from byte `START_PC` on (counted from 1). */
export const BlockClosureSlot = { OUTER_CONTEXT: 0, START_PC: 1, ARGUMENT_COUNT: 2, FIRST_COPIED: 3 } as const;

/** A Blue Book block: a context that has its temps, receiver and method from the one in which it was made. */
export const BlockContextSlot = { CALLER: 0, ARGUMENT_COUNT: 3, START_PC: 4, HOME: 5 } as const;

export const LinkSlot = { NEXT: 0 } as const;
export const LinkedListSlot = { FIRST: 0, LAST: 1 } as const;
export const SemaphoreSlot = { FIRST: 0, LAST: 1, EXCESS_SIGNALS: 2 } as const;
export const ProcessSlot = {
  NEXT: 0,
  SUSPENDED_CONTEXT: 1,
  PRIORITY: 2,
  MY_LIST: 3,
  NAME: 4,
  /** True in our kernel's processes that have ended. */
  TERMINATED: 5,
  CALLOUT_DEADLINE: 6,
  /** An Array of one: becomes true the moment a signal of the awaited semaphore is the process's own. */
  WAIT_TOKEN: 7,
  /** The semaphore that a process waited for when it was suspended: resumed, it waits again. */
  SUSPENDED_WAIT: 8,
} as const;
export const SchedulerSlot = { QUIESCENT_LISTS: 0, ACTIVE_PROCESS: 1 } as const;

/** Primitive failure codes, 1-based into the primitive error table, as in Squeak. */
export const PrimitiveError = {
  GENERIC: 1,
  BAD_RECEIVER: 2,
  BAD_ARGUMENT: 3,
  BAD_INDEX: 4,
  BAD_NUMBER_OF_ARGUMENTS: 5,
  INAPPROPRIATE: 6,
  UNSUPPORTED: 7,
  NO_MODIFICATION: 8,
  NO_MEMORY: 9,
  NO_C_MEMORY: 10,
  NOT_FOUND: 11,
  BAD_METHOD: 12,
  NAMED_INTERNAL: 13,
  OBJECT_MAY_MOVE: 14,
  LIMIT_EXCEEDED: 15,
  OBJECT_IS_PINNED: 16,
  WRITE_PAST_OBJECT: 17,
  OBJECT_MOVED: 18,
  OBJECT_NOT_PINNED: 19,
  CALLBACK_ERROR: 20,
  OS_ERROR: 21,
  FFI_EXCEPTION: 22,
  NEED_COMPACTION: 23,
  OPERATION_FAILED: 24,
} as const;
