/**
 * Starting a child process and learning of its end, without Node's event loop: posix_spawn and waitpid through koffi, on the
 * calling thread. posix_spawn shares this process's memory until the program starts, so that its heap is not copied. Whoever
 * starts a child reaps it: until then its id belongs to nobody else. Linux and macOS; used by both executors that have a child.
 */
import { koffi } from './koffi.ts';

/** A descriptor of this process, and the number that the child gets it by. */
export type InheritedDescriptor = readonly [here: number, there: number];

export interface ChildProcesses {
  /**
   * Starts a program with the standard streams that are open here, and these descriptors; answers the process id or minus
   * the errno.
   */
  spawn(
    path: string,
    args: readonly string[],
    environment: readonly string[],
    descriptors: readonly InheritedDescriptor[],
  ): number;
  /**
   * 0 while the process runs, its wait status + 1 once it has ended (and is reaped) or, unless `block`, was stopped; -1 when
   * it is no child of ours.
   */
  reap(pid: number, block: boolean): number;
}

const fcntlGetFlags = 1;
const waitNoHang = 1;
const waitStopped = 2;
/** Larger than posix_spawn_file_actions_t of glibc (80), musl (16) and macOS (a pointer). */
const fileActionsBytes = 256;

let made: ChildProcesses | undefined;

export function childProcesses(): ChildProcesses {
  made ??= makeChildProcesses();
  return made;
}

function makeChildProcesses(): ChildProcesses {
  const k = koffi();
  const libc = k.load(null);
  // Variadic: on arm64 of macOS its third argument goes another way than a declared one.
  const fcntl = libc.func('int fcntl(int fd, int command, ...)');
  const spawn = libc.func(
    'int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)',
  );
  const actionsInit = libc.func('int posix_spawn_file_actions_init(void *actions)');
  const actionsDup = libc.func('int posix_spawn_file_actions_adddup2(void *actions, int fd, int wanted)');
  const actionsDestroy = libc.func('int posix_spawn_file_actions_destroy(void *actions)');
  const waitpid = libc.func('int waitpid(int pid, void *status, int options)');
  const status = new Int32Array(1);

  return {
    spawn(path, args, environment, descriptors) {
      const actions = new Uint8Array(fileActionsBytes);
      const pid = [0];
      const refusedInit = actionsInit(actions);
      if (refusedInit !== 0) return -refusedInit;
      try {
        // Node marks its standard streams close-on-exec; a descriptor that is duplicated onto itself stays open.
        const standard = [0, 1, 2]
          .filter((fd) => fcntl(fd, fcntlGetFlags, 'int', 0) >= 0)
          .map((fd): InheritedDescriptor => [fd, fd]);
        for (const [here, there] of [...standard, ...descriptors]) {
          const refused = actionsDup(actions, here, there);
          if (refused !== 0) return -refused;
        }
        const failed = spawn(pid, path, actions, null, [...args, null], [...environment, null]);
        return failed === 0 ? pid[0]! : -failed;
      } finally {
        actionsDestroy(actions);
      }
    },
    reap(pid, block) {
      for (;;) {
        const answer = waitpid(pid, status, block ? 0 : waitNoHang | waitStopped);
        if (answer === pid) return status[0]! + 1;
        if (answer === 0) return 0;
        if (k.errno() !== k.os.errno.EINTR) return -1;
      }
    },
  };
}
