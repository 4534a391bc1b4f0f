/**
 * What the VM asks of the machine that it runs on. vm/ imports nothing of Node or a browser: whoever makes a VM hands in a
 * host, so that the same VM runs in both and a test can decide what the clock says.
 *
 * Contract: no method calls back into the VM, and none throws for reasons that a program can cause.
 */
export interface Host {
  /** The files that programs may use; undefined where there are none, as in a browser. */
  readonly files?: HostFiles;
  /** Milliseconds of a clock that never goes back; its zero is the host's choice. */
  milliseconds(): number;
  /** Microseconds since 1 January 1901, UTC: Squeak's epoch. A whole number. */
  utcMicroseconds(): number;
  /** How far local time is ahead of UTC, in seconds. */
  utcOffsetSeconds(): number;
  /** Writes the bytes to standard output (1) or standard error (2), all of them, before it returns. */
  writeConsole(stream: 1 | 2, bytes: Uint8Array): void;
  /** True once after the user asked to interrupt (Ctrl-C) since the last call. */
  interruptRequested(): boolean;
  /** Rings the bell, where there is one. */
  beep?(): void;
  /** A variable of the program's environment; the method is undefined where programs have none. */
  environmentVariable?(name: string): string | undefined;
  /** Blocks the caller until `milliseconds()` reaches `time`, or an interrupt is requested. Used by synchronous calls only. */
  sleepUntil(time: number): void;
  /** Where the clock is not the machine's: puts it forward, at once. Nobody then waits for real. */
  skipTo?(time: number): void;
}

/** Microseconds between 1 January 1901 and 1 January 1970, UTC. */
export const SQUEAK_EPOCH_MICROSECONDS = 2_177_452_800_000_000;

/** What the host's system refused, by its name for it: ENOENT, EACCES, EEXIST and so on. */
export class HostFileError {
  readonly code: string;
  constructor(code: string) {
    this.code = code;
  }
}

export interface FileStatus {
  readonly isDirectory: boolean;
  /** Whether the name itself is a symbolic link; all else is said of what it leads to. */
  readonly isLink: boolean;
  readonly sizeBytes: number;
  /** Milliseconds since 1970, UTC. */
  readonly createdMs: number;
  readonly modifiedMs: number;
  /** The nine bits of POSIX. */
  readonly permissions: number;
}

/** What the system knows of a file, where it is one like POSIX. Times are milliseconds since 1970, UTC. */
export interface FileAttributes {
  /** Type and permissions, as `st_mode`. */
  readonly mode: number;
  readonly inode: number;
  readonly device: number;
  readonly links: number;
  readonly owner: number;
  readonly group: number;
  readonly sizeBytes: number;
  readonly accessedMs: number;
  readonly modifiedMs: number;
  readonly changedMs: number;
  /** What a symbolic link says that it leads to. */
  readonly target: string | undefined;
}

/** Files and directories. Every method answers a `HostFileError` where the system refuses, and never throws one. */
export interface HostFiles {
  /** A descriptor. For writing the file is made if it is not there, and kept as it is if it is. */
  open(path: string, isWritable: boolean): number | HostFileError;
  close(descriptor: number): HostFileError | undefined;
  /** Fills `bytes`, or as much of it as there is; answers how many. Without a position a stream is read where it is. */
  read(descriptor: number, bytes: Uint8Array, position: number | undefined): number | HostFileError;
  write(descriptor: number, bytes: Uint8Array, position: number | undefined): number | HostFileError;
  size(descriptor: number): number | HostFileError;
  truncate(descriptor: number, sizeBytes: number): HostFileError | undefined;
  flush(descriptor: number): HostFileError | undefined;
  deleteFile(path: string): HostFileError | undefined;
  rename(from: string, to: string): HostFileError | undefined;
  createDirectory(path: string): HostFileError | undefined;
  deleteDirectory(path: string): HostFileError | undefined;
  /** The names in a directory, sorted, without those of itself and its parent. */
  list(path: string): readonly string[] | HostFileError;
  status(path: string): FileStatus | HostFileError;
  workingDirectory(): string;
  /** Of what a link leads to, or of the link itself. Hosts whose system has no such thing leave these three out. */
  attributes?(path: string, followsLinks: boolean): FileAttributes | HostFileError;
  isAllowed?(path: string, access: 'read' | 'write' | 'execute'): boolean;
  changeMode?(path: string, mode: number): HostFileError | undefined;
  /** What a descriptor is open on. */
  kindOf?(descriptor: number): 'terminal' | 'pipe' | 'file' | HostFileError;
}
