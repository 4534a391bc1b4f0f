/**
 * The few POSIX calls by which the portable executor talks to its child without Node's event loop: pipes and
 * poll. Through koffi, on the calling thread. Linux and macOS; sizes and numbers are those of both.
 */
import { koffi } from './koffi.ts';

export interface Posix {
  errno(): number;
  errorName(code: number): string;
  /** Whether the error says: not now, but later. */
  isBusy(code: number): boolean;
  /** The two ends, to read and to write, closed by exec; or undefined. */
  pipe(): [number, number] | undefined;
  setNonBlocking(fd: number): void;
  close(fd: number): void;
  /** How many bytes were taken, 0 at the end, minus the errno on failure. */
  read(fd: number, into: Uint8Array): number;
  /** `from` is written from `offset` on, at most `sizeBytes`; answers as `read` does. */
  write(fd: number, from: Uint8Array, offset: number, sizeBytes: number): number;
  /** Waits until `reading` has something, or `writing` (unless it is -1) has room. 1 and 2 are set in the answer for each. */
  poll(reading: number, writing: number, timeoutMs: number): number;
}

const isMac = process.platform === 'darwin';
const fcntlGetFlags = 3;
const fcntlSetFlags = 4;
const fcntlSetDescriptorFlags = 2;
const closeOnExec = 1;
const nonBlocking = isMac ? 4 : 0x800;
const pollIn = 1;
const pollOut = 4;
let made: Posix | undefined;

export function posix(): Posix {
  made ??= makePosix();
  return made;
}

function makePosix(): Posix {
  const k = koffi();
  const libc = k.load(null);
  const pipe = libc.func('int pipe(int *ends)');
  // fcntl is variadic: on arm64 of macOS its third argument goes another way than a declared one.
  const fcntl = libc.func('int fcntl(int fd, int command, ...)');
  const close = libc.func('int close(int fd)');
  const read = libc.func('read', 'intptr_t', ['int', 'void *', 'size_t']);
  const write = libc.func('write', 'intptr_t', ['int', 'void *', 'size_t']);
  const poll = libc.func('poll', 'int', ['void *', 'ulong', 'int']);
  const names = new Map(Object.entries(k.os.errno).map(([name, code]) => [code, name]));
  /** Two `struct pollfd`: descriptor, then wanted and seen events of 16 bits each. */
  const polled = new Int32Array(4);
  const or = (answer: number) => (answer < 0 ? -k.errno() : answer);

  return {
    errno: () => k.errno(),
    errorName: (code) => names.get(code) ?? `errno ${code}`,
    isBusy: (code) => code === k.os.errno.EAGAIN || code === k.os.errno.EWOULDBLOCK,
    pipe() {
      const ends = new Int32Array(2);
      if (pipe(ends) !== 0) return undefined;
      for (const fd of ends) fcntl(fd, fcntlSetDescriptorFlags, 'int', closeOnExec);
      return [ends[0]!, ends[1]!];
    },
    setNonBlocking(fd) {
      fcntl(fd, fcntlSetFlags, 'int', fcntl(fd, fcntlGetFlags, 'int', 0) | nonBlocking);
    },
    close: (fd) => void close(fd),
    read: (fd, into) => or(Number(read(fd, into, into.length))),
    write: (fd, from, offset, sizeBytes) => or(Number(write(fd, from.subarray(offset, offset + sizeBytes), sizeBytes))),
    poll(reading, writing, timeoutMs) {
      polled[0] = reading;
      polled[1] = pollIn;
      polled[2] = writing;
      polled[3] = pollOut;
      if (poll(polled, writing < 0 ? 1 : 2, Math.ceil(timeoutMs)) <= 0) return 0;
      return (polled[1] >>> 16 !== 0 ? 1 : 0) | (writing >= 0 && polled[3] >>> 16 !== 0 ? 2 : 0);
    },
  };
}
