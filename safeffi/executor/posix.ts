/**
 * The few POSIX calls by which the portable executor talks to its child without Node's event loop: pipes, poll, spawn, wait.
 * Through koffi, on the calling thread. Linux and macOS; sizes and numbers are those of both.
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
  /** Starts a program with the standard streams and two more descriptors as 3 and 4; its process id or minus the errno. */
  spawn(path: string, args: readonly string[], environment: readonly string[], three: number, four: number): number;
  /** 0 while the process runs, its wait status + 1 once it has ended or was stopped, -1 when it is no child of ours. */
  reap(pid: number, block: boolean): number;
}

const isMac = process.platform === 'darwin';
const fcntlGetFlags = 3;
const fcntlSetFlags = 4;
const fcntlSetDescriptorFlags = 2;
const closeOnExec = 1;
const nonBlocking = isMac ? 4 : 0x800;
const pollIn = 1;
const pollOut = 4;
const waitNoHang = 1;
const waitStopped = 2;
/** Larger than posix_spawn_file_actions_t of glibc (80), musl (16) and macOS (a pointer). */
const fileActionsBytes = 256;

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
  const spawn = libc.func(
    'int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)',
  );
  const actionsInit = libc.func('int posix_spawn_file_actions_init(void *actions)');
  const actionsDup = libc.func('int posix_spawn_file_actions_adddup2(void *actions, int fd, int wanted)');
  const actionsDestroy = libc.func('int posix_spawn_file_actions_destroy(void *actions)');
  const waitpid = libc.func('int waitpid(int pid, _Out_ int *status, int options)');
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
    spawn(path, args, environment, three, four) {
      const actions = new Uint8Array(fileActionsBytes);
      const pid = [0];
      actionsInit(actions);
      try {
        // Node marks its standard streams close-on-exec; a descriptor that is duplicated onto itself stays open.
        const standard = [0, 1, 2].filter((fd) => fcntl(fd, 1, 'int', 0) >= 0).map((fd) => [fd, fd] as const);
        for (const [from, wanted] of [...standard, [three, 3] as const, [four, 4] as const]) {
          const refused = actionsDup(actions, from, wanted);
          if (refused !== 0) return -refused;
        }
        const failed = spawn(pid, path, actions, null, [...args, null], [...environment, null]);
        return failed === 0 ? pid[0]! : -failed;
      } finally {
        actionsDestroy(actions);
      }
    },
    reap(pid, block) {
      const status = [0];
      for (;;) {
        const answer = waitpid(pid, status, block ? 0 : waitNoHang | waitStopped);
        if (answer === pid) return status[0]! + 1;
        if (answer === 0) return 0;
        if (k.errno() !== k.os.errno.EINTR) return -1;
      }
    },
  };
}
