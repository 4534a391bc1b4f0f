/**
 * The memory that Buffers of ref lie in, as C sees it. Every Buffer has an address for C; every address of C's has a Buffer.
 * Two implementations: SafeMemory, where C is another process, and DirectMemory, where it is this one. What is said here of
 * two sides is nothing to do in the second. The rules that users see: docs/decisions/0068-memory-of-ref.md.
 */
export interface ForeignMemory {
  /** Zeros that both sides see at once, aligned to 16 bytes from 16 bytes on, else to their own size. */
  allocate(sizeBytes: number): Buffer;
  /** Where the Buffer's first byte lies for C; 0 for NULL and for what has no bytes. */
  addressOf(buffer: Buffer): number;
  /**
   * `length` bytes of C's at an address, as a Buffer. Where a Buffer of this side lies there, it is its memory. `wanted`: the
   * program asked for these bytes, so that a part that cannot be read throws; else the Buffer is made all the same.
   */
  at(address: number, length: number, wanted: boolean): Buffer;
  /** A Buffer without bytes whose address is found anew each time: of something that moves when the executor is restarted. */
  pointerTo(address: () => number): Buffer;
  /** The C string at an address, as UTF-8. Throws FFIFault where it cannot be read. */
  textAt(address: number): string;
  /** How many bytes lie before the first `unit` zeros at a multiple of `unit`. Throws as stringAt. */
  zerosAt(address: number, unit: number): number;
  /** Before a read through ref: what C wrote there is here. */
  refresh(buffer: Buffer, offset: number, sizeBytes: number): void;
  /** After a write through ref: C sees it. `isPointer`: to another Buffer. */
  written(buffer: Buffer, offset: number, sizeBytes: number, isPointer: boolean): void;
  /** The Buffer's address as an argument of the call to come: its bytes, and those that it points to, go to C, and come back. */
  pass(buffer: Buffer): number;
  /** The two sides of a call or a callback; nothing where `watch.count` is 0. */
  readonly watch: { count: number; callbackDepth: number };
  toC(): void;
  fromC(): void;
  /** A call that goes on when it has returned here: holds what was passed since `mark`, until the answer is called. */
  mark(): number;
  hold(mark: number): () => void;
}
