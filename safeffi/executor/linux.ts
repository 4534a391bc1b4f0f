/**
 * The system calls that the native executor needs, through koffi: shared memory, futexes, signals, the memory of
 * another process. Thin: an answer below zero means failure and `errno()` tells why. Everything here works on the
 * calling thread and blocks it; nothing allocates in `futexWake`.
 */
import { executorStartError } from '../errors.ts';
import { koffi } from './koffi.ts';

export interface Linux {
  errno(): number;
  errorName(code: number): string;
  /** Close-on-exec; takes seals. */
  memfdCreate(name: string): number;
  /** No one can make the file of a memfd smaller from now on or take this back; nor larger, unless `grows`. False where that fails. */
  seal(fd: number, grows: boolean): boolean;
  ftruncate(fd: number, sizeBytes: number): number;
  /** Maps a descriptor shared; answers the address, or undefined. */
  mapShared(fd: number, sizeBytes: number, offset?: number): bigint | undefined;
  /** Maps a descriptor shared over what is mapped at `address`; false where that fails, and then nothing has changed. */
  remapShared(address: bigint, fd: number, sizeBytes: number): boolean;
  /** Writes into a file at an offset; answers how many bytes, or below zero. */
  writeAt(fd: number, bytes: Uint8Array, offset: number): number;
  unmap(address: bigint, sizeBytes: number): number;
  view(address: bigint, sizeBytes: number): ArrayBuffer;
  close(fd: number): number;
  /** A pipe's read end and write end, both closed on exec; reading does not block. Throws CalloutError `executor-start`. */
  pipe(): readonly [number, number];
  /** Sleeps while the word at `address` is `expected`, at most `timeoutMs`. */
  futexWait(address: bigint, expected: number, timeoutMs: number): void;
  futexWake(address: bigint): void;
  /** Wakes every sleeper: one that is being killed may swallow a single wake-up. */
  futexWakeAll(address: bigint): void;
  kill(pid: number, signal: number): number;
  killThread(pid: number, threadId: number, signal: number): number;
  /**
   * Moves a thread to another core than the calling one, where it may run on another; it is not pinned there. Two
   * spinning threads that share a core wait for each other's time slices.
   */
  moveElsewhere(threadId: number): void;
  /** Copies from another process; answers how many bytes, or minus the errno. */
  readMemory(pid: number, address: bigint, into: Uint8Array): number;
  writeMemory(pid: number, address: bigint, from: Uint8Array): number;
}

const syscallNumbers = { x64: { futex: 202, tgkill: 234 }, arm64: { futex: 98, tgkill: 131 } } as const;
const memfdCloseOnExec = 1;
const memfdAllowSealing = 2;
const fcntlAddSeals = 1033;
const sealItself = 1;
const sealShrink = 2;
const sealGrow = 4;
/** O_CLOEXEC and O_NONBLOCK, equal on x86-64 and arm64. */
const pipeFlags = 0x8_0000 | 0x800;
const fcntlDuplicate = 1030;
const protReadWrite = 3;
const mapShared = 1;
const mapFixed = 16;
const mapFailed = 0xffff_ffff_ffff_ffffn;
const futexWaitOperation = 0;
const futexWakeOperation = 1;
/** 8192 cores, the most that Linux is built for. */
const cpuMaskBytes = 1024;

let made: Linux | undefined;

export function linux(): Linux {
  made ??= makeLinux();
  return made;
}

function makeLinux(): Linux {
  const k = koffi();
  const numbers = process.arch === 'arm64' ? syscallNumbers.arm64 : syscallNumbers.x64;
  const libc = k.load(null);
  const memfdCreate = libc.func('int memfd_create(const char *name, uint flags)');
  const ftruncate = libc.func('int ftruncate(int fd, long length)');
  const mmap = libc.func('void *mmap(void *address, size_t length, int prot, int flags, int fd, long offset)');
  // The address is a number here, not memory of koffi's to convert.
  const remap = libc.func('mmap', 'void *', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'long']);
  const pwrite = libc.func('long pwrite(int fd, const void *bytes, size_t count, long offset)');
  const munmap = libc.func('int munmap(void *address, size_t length)');
  const fcntl = libc.func('fcntl', 'int', ['int', 'int', 'long']);
  const close = libc.func('int close(int fd)');
  const pipe2 = libc.func('int pipe2(void *ends, int flags)');
  const futex = libc.func('syscall', 'long', ['long', 'void *', 'long', 'long', 'void *', 'void *', 'long']);
  const tgkill = libc.func('syscall', 'long', ['long', 'long', 'long', 'long']);
  const kill = libc.func('int kill(int pid, int signal)');
  const vmSignature = ['int', 'void *', 'ulong', 'void *', 'ulong', 'ulong'];
  const readv = libc.func('process_vm_readv', 'long', vmSignature);
  const writev = libc.func('process_vm_writev', 'long', vmSignature);

  const getCpu = libc.func('int sched_getcpu()');
  const affinitySignature = ['int', 'size_t', 'void *'];
  const getAffinity = libc.func('sched_getaffinity', 'int', affinitySignature);
  const setAffinity = libc.func('sched_setaffinity', 'int', affinitySignature);

  const errnoNames = new Map(Object.entries(k.os.errno).map(([name, code]) => [code, name]));
  const timeout = new BigInt64Array(2);
  const local = new BigUint64Array(2);
  const remote = new BigUint64Array(2);

  function transfer(call: typeof readv, pid: number, address: bigint, bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    local[0] = k.address(bytes);
    local[1] = BigInt(bytes.length);
    remote[0] = address;
    remote[1] = BigInt(bytes.length);
    const done = Number(call(pid, local, 1, remote, 1, 0));
    return done < 0 ? -k.errno() : done;
  }

  return {
    errno: () => k.errno(),
    errorName: (code) => errnoNames.get(code) ?? `errno ${code}`,
    memfdCreate(name) {
      const fd = memfdCreate(name, memfdCloseOnExec | memfdAllowSealing);
      if (fd < 0 || fd > 2) return fd;
      // A standard stream of this process is closed; what the executor inherits there must not be the memory.
      const moved = fcntl(fd, fcntlDuplicate, 3);
      close(fd);
      return moved;
    },
    seal: (fd, grows) => fcntl(fd, fcntlAddSeals, sealItself | sealShrink | (grows ? 0 : sealGrow)) === 0,
    ftruncate: (fd, sizeBytes) => ftruncate(fd, sizeBytes),
    mapShared(fd, sizeBytes, offset = 0) {
      const address = mmap(null, sizeBytes, protReadWrite, mapShared, fd, offset) as bigint | null;
      return address === null || BigInt.asUintN(64, address) === mapFailed ? undefined : address;
    },
    unmap: (address, sizeBytes) => munmap(address, sizeBytes),
    view: (address, sizeBytes) => k.view(address, sizeBytes),
    close: (fd) => close(fd),
    pipe() {
      const ends = new Int32Array(2);
      if (pipe2(ends, pipeFlags) !== 0) throw executorStartError(`pipe2 failed with ${this.errorName(k.errno())}`);
      return [ends[0]!, ends[1]!];
    },
    futexWait(address, expected, timeoutMs) {
      const nanoseconds = Math.max(1, Math.round(timeoutMs * 1e6));
      timeout[0] = BigInt(Math.floor(nanoseconds / 1e9));
      timeout[1] = BigInt(nanoseconds % 1e9);
      futex(numbers.futex, address, futexWaitOperation, expected, timeout, null, 0);
    },
    futexWake(address) {
      futex(numbers.futex, address, futexWakeOperation, 1, null, null, 0);
    },
    futexWakeAll(address) {
      futex(numbers.futex, address, futexWakeOperation, 0x7fff_ffff, null, null, 0);
    },
    remapShared(address, fd, sizeBytes) {
      const mapped = remap(address, sizeBytes, protReadWrite, mapShared | mapFixed, fd, 0) as bigint | null;
      return mapped === address;
    },
    writeAt: (fd, bytes, offset) => Number(pwrite(fd, bytes, bytes.length, offset)),
    kill: (pid, signal) => kill(pid, signal),
    killThread: (pid, threadId, signal) => Number(tgkill(numbers.tgkill, pid, threadId, signal)),
    moveElsewhere(threadId) {
      const allowed = new Uint8Array(cpuMaskBytes);
      if (getAffinity(threadId, allowed.length, allowed) !== 0) return;
      const here = getCpu();
      const others = Uint8Array.from(allowed);
      others[here >> 3]! &= ~(1 << (here & 7));
      if (others.every((byte) => byte === 0)) return;
      if (setAffinity(threadId, others.length, others) === 0) setAffinity(threadId, allowed.length, allowed);
    },
    readMemory: (pid, address, into) => transfer(readv, pid, address, into),
    writeMemory: (pid, address, from) => transfer(writev, pid, address, from),
  };
}
