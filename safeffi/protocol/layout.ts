/**
 * The layout of the memory that the VM and a native executor share: the only place where it is written. The C header is
 * generated from these tables (c-header.ts), the TypeScript side reads them. One memfd holds a header and the lanes;
 * the executor maps it at `domainBase`, so that a pointer into it means the same to both sides.
 *
 *   lane:  | stack guard | stack, grows down | overflow words | frame line | wide words | control | fault record | slots |
 *
 * The frame line is one cache line (DESIGN 4): out go state, function and up to five argument words, back come the
 * results. Integers fill the words from the first, floating-point arguments from the last, so that any mix of five fits.
 * Everything that the executor wrote is hostile until checked: a reader reads a word once, checks it, then uses it.
 */

export const protocolMagic = 0x49464653;
export const protocolVersion = 2;

/** Where the executor maps the domain: low enough for the loader's and the stack's ranges, high enough for the heap's. */
export const domainBase = 0x6a00_0000_0000;
export const pageBytes = 4096;
/** Lanes for callouts. */
export const laneCount = 16;
/** Lanes behind those, for callbacks and faults on threads that C code made itself; the executor gives them out. */
export const foreignLaneCount = 8;
export const headerBytes = 0x1_0000;
export const laneStride = 0x80_0000;
/** Behind the lanes: frames of batches (batch-x86_64.S). */
export const batchArea = {
  base: headerBytes + (laneCount + foreignLaneCount) * laneStride,
  bytes: 0x100_0000,
} as const;
export const domainBytes = batchArea.base + batchArea.bytes;

/** Offsets from the domain's start, in bytes. 32-bit words unless said otherwise. */
export const header = {
  magic: 0,
  version: 4,
  /** 0 while starting, 1 when ready, negative: the step that failed (see `bootFailure`). */
  bootState: 8,
  bootErrno: 12,
  /** A futex word: the number of lanes that the VM wants. The keeper thread makes the missing ones. */
  lanesWanted: 16,
  lanesMade: 20,
  /** How often `park` looks at the state before it sleeps. */
  spinCount: 24,
  vmPid: 28,
  /** One bit for each foreign slot in which a fault stands. Looked at before each callout and in each wait. */
  foreignFaults: 32,
  /** A futex word, counted up when the VM is to look: a lane it waits for has news, or a thread that C made has. */
  bell: 36,
  /** Counts what was posted on foreign lanes. */
  foreignPosts: 40,
  /** 1 while the next ring is to be told to this side's event loop too; the executor takes it back to 0 as it does. */
  loopArmed: 44,
  /** 64 bits: where the first callback thunk lies. */
  thunks: 48,
  /** The descriptor in the VM's process of the pipe that its event loop listens to. */
  loopDescriptor: 56,
  /** 64-bit addresses of functions, in the order of `entryNames`. */
  entries: 64,
  /** One bit for each lane whose slots are wanted all. The keeper makes them accessible and sets the bit in `slotsMade`, a futex word. */
  slotsWanted: 0x300,
  slotsMade: 0x304,
  /**
   * A futex word: the process id of the standby that is to take over, and before that the same below zero: it is to wake up
   * and look. It answers in `takenOver`.
   */
  takeover: 0x400,
  takenOver: 0x404,
  /** The standby that looks at `takeover` and does not sleep over it: it needs no wake-up. */
  standbyAwake: 0x408,
  /** What the VM wants (`confine`) and the bits of what was had (`confined`). */
  confine: 0x420,
  confined: 0x424,
  /** 64-bit numbers in the order of `limit`, 0 for none. */
  limits: 0x440,
} as const;

/** What an executor may use, and the place of each in `header.limits`. */
export const limit = { memoryBytes: 0, fileBytes: 1, openFiles: 2, processes: 3, cpuSeconds: 4, count: 5 } as const;

/** How far C code is to be kept from other processes (native/executor/confine.c); `tracing` and
 * `filter`: as far as Linux before 6.12, or without Landlock, can. */
export const confine = { no: 0, all: 1, filter: 2, tracing: 3 } as const;

/** Bits of what it is kept from: by a filter from what names this process, by Landlock from signals and tracing. */
export const confined = { filter: 1, tracing: 2, signals: 4 } as const;

/** Libraries and symbols to be found at the start (native/executor/preload.c): 64-bit addresses, and the list as text. */
export const preload = { found: 0x1000, limit: 512, text: 0x2000, textBytes: 0x6000 } as const;

/** Where the executor maps the memory of shared buffers, and how much of it there can be. */
export const arenaBase = 0x6b00_0000_0000;
export const arenaBytes = 0x1_0000_0000;

/** C functions whose addresses the executor tells at boot, so that the first callouts need no lookup. */
export const entryNames = [
  'dlopen',
  'dlsym',
  'dlerror',
  'calloc',
  'free',
  'mmap',
  'munmap',
  '_exit',
  'checkpoint',
  'batch',
  'mprotect',
] as const;
export type EntryName = (typeof entryNames)[number];

/** What the function `checkpoint` answers instead of a process id. */
export const checkpointRefusal = { foreignThreads: -1, unknownThreads: -2, busyKeeper: -3, fork: -1000 } as const;

export const bootFailure = { parent: -1, map: -2, protect: -3, signals: -4, keeper: -5, limits: -6 } as const;

/** Offsets from a lane's start, in bytes. The slots' guard pages and the stack's are inaccessible to the executor. */
export const lane = {
  stackGuard: 0,
  stackGuardBytes: 0x10_0000,
  /** Arguments beyond the registers; the stack grows down from here. */
  overflow: 0x50_0000,
  overflowWords: 128,
  line: 0x50_0400,
  wide: 0x50_0440,
  control: 0x50_04c0,
  record: 0x50_1000,
  /** Inaccessible up to the first slot. */
  slotGuard: 0x51_0000,
  smallSlots: 0x52_0000,
  mediumSlots: 0x62_0000,
} as const;

/**
 * Offsets from the line's start. After a call the words hold rax, rdx, xmm0, xmm1 and errno (32 bits). While a callback
 * waits they hold the first five integer registers, `control` the thunk's number, `function` (32 bits) the offset in the
 * domain of the nested line; the VM answers with the words of a result.
 */
export const line = {
  state: 0,
  executorSleeps: 4,
  words: 8,
  wordCount: 5,
  /** The number of vector registers used, and `wideFlag` when the wide words count. */
  control: 48,
  vmSleeps: 52,
  function: 56,
  result: 8,
  result2: 16,
  floatResult: 24,
  floatResult2: 32,
  errno: 40,
} as const;

export const wideFlag = 0x100;

/** Offsets from the wide words' start: the sixth integer register, then all eight vector registers. */
export const wide = { integer6: 0, vectors: 8 } as const;

/** The same for AArch64: x5 to x7, x8 (where a result in memory goes), all eight vector registers. d2 and d3 come back there. */
export const wideArm64 = { integer6: 0, indirectResult: 24, vectors: 32 } as const;

/** Offsets from the control's start. */
export const control = {
  threadId: 0,
  /** Counts the deadline signals that this lane's thread has taken, whether they stopped a call or came too late. */
  deadlineAcks: 4,
} as const;

/**
 * Words of `line.state`. The VM writes `request`, `abandon` and `nest`, the executor the others. In `callback` the thread
 * waits in a callback that C code called: `request` answers it, `nest` starts the callout that stands in the nested line
 * (the thread turns `nest` back to `callback` as it goes), `abandon` drops the C frames of this line's callout. `request` instead of `fault` lets
 * a stopped callout go on. `left`: C has jumped out of this line's callout, over the callback that it nests in; the thread
 * waits until the VM has written `abandon`.
 */
export const state = { parked: 0, request: 1, done: 2, fault: 3, abandon: 4, callback: 5, nest: 6, left: 7 } as const;

/** Code addresses that C can call: `thunkBytes` apart, each knows its number. */
export const thunkCount = 16_384;
export const thunkBytes = 16;

/**
 * What a callback lays on the C stack, downwards from the caller's frame: the callback record, and below it a nested frame
 * of exactly a lane's shape, so that callouts nest in callbacks. Offset of the record from the nested line, which lies on a
 * 64-byte boundary; `belowLine` is what the frame needs below the line.
 */
export const nested = { record: 0x100, belowLine: 0x400 } as const;

/** Offsets from a callback record's start: what the return to C needs. Behind these: the registers, by architecture. */
export const callbackRecord = {
  /** The stack pointer at the thunk's entry. */
  entry: 0,
  /** Addresses of the line that C ran on and of the callback record before this; 0 for the first. */
  outer: 8,
  previous: 16,
  /** 1 where the thread had no lane of its own. */
  foreign: 24,
} as const;

export const callbackRecordX64 = {
  /** rdi, rsi, rdx, rcx, r8, r9. */
  integers: 32,
  /** xmm0 to xmm7, 64 bits each. */
  vectors: 80,
  /** rbx, rbp, r12, r13, r14, r15. */
  saved: 144,
  bytes: 192,
} as const;

export const callbackRecordArm64 = {
  /** x0 to x7. */
  integers: 32,
  /** x8: where a result in memory goes. */
  indirectResult: 96,
  /** d0 to d7. */
  vectors: 112,
  /** x19 to x30, d8 to d15. */
  saved: 176,
  bytes: 384,
} as const;

/** Offsets from the fault record's start. `address`, `errorCode`, `trap`, registers and frames are 64-bit words. */
export const record = {
  kind: 0,
  signal: 4,
  code: 8,
  status: 12,
  senderPid: 16,
  frameCount: 20,
  registerCount: 24,
  /** 1 when the backtrace reached the callout itself. */
  complete: 28,
  address: 32,
  errorCode: 40,
  trap: 48,
  registers: 56,
  registerLimit: 40,
  /** The thread that stopped. */
  threadId: 376,
  /** How many bytes of `message` count. */
  messageBytes: 380,
  frames: 384,
  frameLimit: 64,
  /** For each frame the start of its function, as the unwind tables have it. */
  starts: 896,
  /** What C said before it aborted: `free(): double free detected in tcache 2`. */
  message: 1408,
  messageLimit: 512,
  /** 64 bits, one for each frame whose address is the very instruction, not a return address behind a call. */
  exactFrames: 1920,
  /** Written by the VM: 1 when the registers are to be loaded from the record as the callout goes on. */
  load: 1928,
  /** 1 once the frames are there: a lane's thread walks its stack when it has told the fault. */
  walked: 1932,
} as const;

export const recordKind = {
  signal: 1,
  exit: 2,
  immediateExit: 3,
  deadline: 4,
  threadExit: 5,
  quickExit: 6,
  execute: 7,
} as const;

/**
 * Where a thread that C made tells its fault: it has no lane. Slots lie in the header's part of the memory; each begins
 * with a fault record. The thread claims one, fills it, sets its bit in `header.foreignFaults` and waits there.
 */
export const foreignSlot = { base: 0x8000, count: 7, stride: 0x1000, state: 0xf00 } as const;

/** Words of a foreign slot's `state`. The VM writes `end`, the executor the others. */
export const foreignState = { free: 0, claimed: 1, standing: 2, end: 3 } as const;

/**
 * Buffers of a call's arguments: each slot ends at inaccessible pages that reach to the next slot. Those behind the `first` are
 * inaccessible until the VM wants them: each slot is two mappings, and what a fork and an exit cost goes by their number.
 */
export const smallSlot = { count: 16, first: 4, dataBytes: 0x1000, stride: 0x1_0000 } as const;
export const mediumSlot = { count: 8, first: 2, dataBytes: 0x1_1000, stride: 0x2_0000 } as const;

/** Bytes before an argument that must be found unchanged after the call. */
export const canaryBytes = 32;
export const canaryByte = 0xca;

/** Stops a callout at its deadline. A real-time signal that glibc does not use itself. */
export const deadlineSignal = 39;

/** Registers of an x86-64 fault record, in this order. */
export const registerNamesX64 = [
  'rax',
  'rbx',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'rbp',
  'rsp',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
  'rip',
  'eflags',
] as const;

/** Registers of an AArch64 fault record, in this order. */
export const registerNamesArm64 = [...Array.from({ length: 31 }, (_, i) => `x${i}`), 'sp', 'pc', 'pstate'] as const;

/** Whose registers a record has is known by their number; none are known for another. */
export function registerNamesOf(count: number): readonly string[] {
  return [registerNamesX64, registerNamesArm64].find((names) => names.length === count) ?? [];
}

/** The start of lane `index` in the domain, in bytes. */
export function laneOffset(index: number): number {
  return headerBytes + index * laneStride;
}
