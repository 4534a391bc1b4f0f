/**
 * Files and directories, under the names of Squeak's FilePlugin, on the host's files (`vm/host.ts`): the kernel's own classes
 * and images of other systems call the same. A host without files has none of these: they fail as unsupported.
 *
 * A file is known to the image by a handle (handle-table.ts). What the system refuses fails with its name for the error, as
 * 'ENOENT', a ByteString.
 */
import type { HostFiles } from '../vm/host.ts';
import { HostFileError } from '../vm/host.ts';
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { characterOop, type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { HandleTable } from './handle-table.ts';
import { elementKindOf, integerWithin, isByteObject, safeIntegerValue } from './operands.ts';

const MODULE = 'FilePlugin';
const SECONDS_FROM_1901_TO_1970 = 2_177_452_800;
const LARGEST_DESCRIPTOR = 0xffff;
/** In the order of their numbers from 1. */
const DESCRIPTOR_TYPES = ['terminal', 'pipe', 'file'] as const;
/** Files 0, 1 and 2 are the standard streams. */
const STANDARD_FILES = 3;

interface OpenFile {
  readonly descriptor: number;
  readonly isWritable: boolean;
  /** Undefined for a standard stream, which is read and written where it is. */
  position: number | undefined;
  /** Nothing more was there at the last read: all that is known of a stream's end. */
  wasAtEnd: boolean;
}

/** Fails with the system's name for what went wrong. */
const refused = (vm: Interpreter, error: HostFileError): boolean => vm.failWith(vm.memory.newByteString(error.code));

function pathOf(vm: Interpreter, oop: Oop): string | undefined {
  if (!isByteObject(vm.memory, oop)) return undefined;
  const text = new TextDecoder().decode(vm.memory.bytesOf(oop));
  return text.includes('\0') ? undefined : text;
}

const textOop = (vm: Interpreter, text: string): Oop => {
  const bytes = new TextEncoder().encode(text);
  const oop = vm.memory.newByteString(' '.repeat(bytes.length));
  vm.memory.bytesOf(oop).set(bytes);
  return oop;
};

/** The bytes of elements `start` (from 1) to `start + count - 1`; undefined where the object has no bits, or not so many. */
function elementBytes(vm: Interpreter, oop: Oop, start: number, count: number): Uint8Array | undefined {
  const { memory } = vm;
  if ((oop & 3) !== 0) return undefined;
  const kind = elementKindOf(memory.formatOf(oop));
  const width = kind === 'bytes' ? 1 : kind === 'words' ? 4 : 0;
  if (width === 0 || start < 1 || count < 0) return undefined;
  const size = kind === 'bytes' ? memory.byteSizeOf(oop) : memory.slotCountOf(oop) * 4;
  const first = (start - 1) * width;
  if (first + count * width > size) return undefined;
  const body = memory.bodyOf(oop);
  return memory.u8.subarray(body + first, body + first + count * width);
}

/** How many arguments an operation takes, where it is not one. */
const TAKES: Readonly<Record<string, number>> = {
  primitiveFileOpen: 2,
  primitiveFileRead: 4,
  primitiveFileWrite: 4,
  primitiveFileSetPosition: 2,
  primitiveFileTruncate: 2,
  primitiveFileRename: 2,
  primitiveFileStdioHandles: 0,
  primitiveConnectToFileDescriptor: 2,
  primitiveDirectoryLookup: 2,
  primitiveDirectoryEntry: 2,
  primitiveDirectoryDelimitor: 0,
  primitiveWorkingDirectory: 0,
};
const FILE_FAILS: readonly FailureName[] = ['BAD_ARGUMENT', 'BAD_INDEX', 'NO_MODIFICATION', 'GENERIC'];

type FileOperation = (vm: Interpreter, files: HostFiles, argumentCount: number) => boolean;

/** The last argument is at stack offset 0. */
export function filePrimitives(): PrimitiveDefinition[] {
  const table = new HandleTable<OpenFile>();
  const add = (descriptor: number, isWritable: boolean, hasPosition = true): number =>
    table.add({ descriptor, isWritable, position: hasPosition ? 0 : undefined, wasAtEnd: false });
  for (let descriptor = 0; descriptor < STANDARD_FILES; descriptor++) add(descriptor, descriptor > 0, false);

  const onFile =
    (
      argumentsAfter: number,
      operation: (vm: Interpreter, files: HostFiles, file: OpenFile) => boolean,
    ): FileOperation =>
    (vm, files) => {
      const file = table.at(vm, vm.stackValue(argumentsAfter));
      return file === undefined ? vm.fail(PrimitiveError.BAD_ARGUMENT) : operation(vm, files, file);
    };

  const onPath =
    (operation: (files: HostFiles, path: string) => HostFileError | undefined): FileOperation =>
    (vm, files, argumentCount) => {
      const path = pathOf(vm, vm.stackValue(0));
      if (path === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
      const error = operation(files, path);
      return error === undefined ? vm.answer(argumentCount, vm.stackValue(argumentCount)) : refused(vm, error);
    };

  const open: FileOperation = (vm, files, argumentCount) => {
    const path = pathOf(vm, vm.stackValue(1));
    const isWritable = vm.stackValue(0) === vm.memory.true;
    if (path === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const descriptor = files.open(path, isWritable);
    if (descriptor instanceof HostFileError) return refused(vm, descriptor);
    return vm.answer(argumentCount, table.handle(vm, add(descriptor, isWritable)));
  };

  /** Only a file that is not there yet. */
  const openNew: FileOperation = (vm, files, argumentCount) => {
    const path = pathOf(vm, vm.stackValue(0));
    if (path === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    if (!(files.status(path) instanceof HostFileError)) return refused(vm, new HostFileError('EEXIST'));
    const descriptor = files.open(path, true);
    if (descriptor instanceof HostFileError) return refused(vm, descriptor);
    return vm.answer(argumentCount, table.handle(vm, add(descriptor, true)));
  };

  /** `connectToFileDescriptor: number writable: flag`: a file that was open before, read and written from its start. */
  const connect: FileOperation = (vm, files, argumentCount) => {
    const descriptor = integerWithin(vm.stackValue(1), 0, LARGEST_DESCRIPTOR);
    const flag = vm.stackValue(0);
    if (descriptor === undefined || (flag !== vm.memory.true && flag !== vm.memory.false))
      return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const kind = files.kindOf?.(descriptor) ?? new HostFileError('ENOTSUP');
    if (kind instanceof HostFileError) return refused(vm, kind);
    const number = add(descriptor, flag === vm.memory.true, kind === 'file');
    return vm.answer(argumentCount, table.handle(vm, number));
  };

  /** -1 nothing, 1 a terminal, 2 a pipe, 3 a file. */
  const descriptorType: FileOperation = (vm, files, argumentCount) => {
    const descriptor = integerWithin(vm.stackValue(0), 0, LARGEST_DESCRIPTOR);
    if (descriptor === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const kind = files.kindOf?.(descriptor);
    const type = kind === undefined || kind instanceof HostFileError ? -1 : DESCRIPTOR_TYPES.indexOf(kind) + 1;
    return vm.answer(argumentCount, smallIntegerOop(type));
  };

  const close: FileOperation = (vm, files, argumentCount) => {
    const file = table.at(vm, vm.stackValue(0));
    if (file === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    table.remove(vm, vm.stackValue(0));
    const error = files.close(file.descriptor);
    return error === undefined ? vm.answer(argumentCount, vm.stackValue(argumentCount)) : refused(vm, error);
  };

  /** `read: file into: bits startingAt: start count: count`, and the same for writing: answers elements moved. */
  const transfer = (
    vm: Interpreter,
    argumentCount: number,
    move: (file: OpenFile, bytes: Uint8Array) => number | HostFileError,
  ): boolean => {
    const file = table.at(vm, vm.stackValue(3));
    const start = safeIntegerValue(vm.memory, vm.stackValue(1));
    const count = safeIntegerValue(vm.memory, vm.stackValue(0));
    if (file === undefined || start === undefined || count === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const bytes = elementBytes(vm, vm.stackValue(2), start, count);
    if (bytes === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
    const moved = move(file, bytes);
    if (moved instanceof HostFileError) return refused(vm, moved);
    if (file.position !== undefined) file.position += moved;
    const width = count === 0 ? 1 : bytes.length / count;
    return vm.answer(argumentCount, smallIntegerOop(Math.floor(moved / width)));
  };

  const read: FileOperation = (vm, files, argumentCount) => {
    if (vm.memory.isImmutable(vm.stackValue(2))) return vm.fail(PrimitiveError.NO_MODIFICATION);
    return transfer(vm, argumentCount, (file, bytes) => {
      const moved = files.read(file.descriptor, bytes, file.position);
      if (!(moved instanceof HostFileError)) file.wasAtEnd = moved < bytes.length;
      return moved;
    });
  };

  const write: FileOperation = (vm, files, argumentCount) =>
    transfer(vm, argumentCount, (file, bytes) =>
      file.isWritable ? files.write(file.descriptor, bytes, file.position) : new HostFileError('EBADF'),
    );

  const answerNumber = (vm: Interpreter, value: number): boolean =>
    vm.answer(1, vm.memory.integerOop(BigInt(Math.floor(value))));

  const size = onFile(0, (vm, files, file) => {
    const value = files.size(file.descriptor);
    return value instanceof HostFileError ? refused(vm, value) : answerNumber(vm, value);
  });

  const atEnd = onFile(0, (vm, files, file) => {
    if (file.position === undefined) return vm.answer(1, vm.memory.booleanOop(file.wasAtEnd));
    const value = files.size(file.descriptor);
    if (value instanceof HostFileError) return refused(vm, value);
    return vm.answer(1, vm.memory.booleanOop(file.position >= value));
  });

  const position = onFile(0, (vm, _files, file) => answerNumber(vm, file.position ?? 0));

  const setPosition = onFile(1, (vm, _files, file) => {
    const value = safeIntegerValue(vm.memory, vm.stackValue(0));
    if (value === undefined || value < 0 || file.position === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    file.position = value;
    return vm.answer(2, vm.stackValue(2));
  });

  const truncate = onFile(1, (vm, files, file) => {
    const value = safeIntegerValue(vm.memory, vm.stackValue(0));
    if (value === undefined || value < 0) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const error = file.isWritable ? files.truncate(file.descriptor, value) : new HostFileError('EBADF');
    return error === undefined ? vm.answer(2, vm.stackValue(2)) : refused(vm, error);
  });

  const flush = onFile(0, (vm, files, file) => {
    const error = file.position === undefined ? undefined : files.flush(file.descriptor);
    return error === undefined ? vm.answer(1, vm.stackValue(1)) : refused(vm, error);
  });

  const rename: FileOperation = (vm, files, argumentCount) => {
    const from = pathOf(vm, vm.stackValue(1));
    const to = pathOf(vm, vm.stackValue(0));
    if (from === undefined || to === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const error = files.rename(from, to);
    return error === undefined ? vm.answer(argumentCount, vm.stackValue(argumentCount)) : refused(vm, error);
  };

  const standardFiles: FileOperation = (vm, _files, argumentCount) => {
    const handles = vm.memory.newArray(STANDARD_FILES);
    for (let number = 0; number < STANDARD_FILES; number++)
      vm.memory.storePointer(handles, number, table.handle(vm, number));
    return vm.answer(argumentCount, handles);
  };

  /** Array: name, creation and modification time (seconds of local time since 1901), is a directory, size, permissions, is a link. */
  const entryOop = (vm: Interpreter, files: HostFiles, path: string, name: string): Oop | HostFileError => {
    const status = files.status(path);
    if (status instanceof HostFileError) return status;
    const { memory } = vm;
    const seconds = (ms: number): Oop =>
      memory.integerOop(BigInt(Math.floor(ms / 1000) + SECONDS_FROM_1901_TO_1970 + vm.host.utcOffsetSeconds()));
    const entry = memory.newArray(7);
    memory.storePointer(entry, 0, textOop(vm, name));
    memory.storePointer(entry, 1, seconds(status.createdMs));
    memory.storePointer(entry, 2, seconds(status.modifiedMs));
    memory.storePointer(entry, 3, memory.booleanOop(status.isDirectory));
    memory.storePointer(entry, 4, memory.integerOop(BigInt(status.sizeBytes)));
    memory.storePointer(entry, 5, smallIntegerOop(status.permissions));
    memory.storePointer(entry, 6, memory.booleanOop(status.isLink));
    return entry;
  };

  /** The directory that is being gone through: the first entry reads it, those that follow are found in what was read. */
  let listing: { path: string; names: readonly string[] } | undefined;

  /** `lookup: directory index: n`: the n-th entry, nil behind the last. Entries come in the order of their names. */
  const lookup: FileOperation = (vm, files, argumentCount) => {
    const path = pathOf(vm, vm.stackValue(1));
    const index = safeIntegerValue(vm.memory, vm.stackValue(0));
    if (path === undefined || index === undefined || index < 1) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    if (index === 1 || listing?.path !== path) {
      const names = files.list(path === '' ? '/' : path);
      if (names instanceof HostFileError) return refused(vm, names);
      listing = { path, names };
    }
    const { names } = listing;
    const name = names[index - 1];
    if (name === undefined) return vm.answer(argumentCount, vm.memory.nil);
    const entry = entryOop(vm, files, `${path}/${name}`, name);
    return entry instanceof HostFileError ? refused(vm, entry) : vm.answer(argumentCount, entry);
  };

  /** All names in a directory at once: an Array of ByteStrings in UTF-8. */
  const list: FileOperation = (vm, files, argumentCount) => {
    const path = pathOf(vm, vm.stackValue(0));
    if (path === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const names = files.list(path);
    if (names instanceof HostFileError) return refused(vm, names);
    const array = vm.memory.newArray(names.length);
    names.forEach((name, i) => {
      vm.memory.storePointer(array, i, textOop(vm, name));
    });
    return vm.answer(argumentCount, array);
  };

  const entry: FileOperation = (vm, files, argumentCount) => {
    const path = pathOf(vm, vm.stackValue(1));
    const name = pathOf(vm, vm.stackValue(0));
    if (path === undefined || name === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const found = entryOop(vm, files, `${path}/${name}`, name);
    if (found instanceof HostFileError)
      return found.code === 'ENOENT' ? vm.answer(argumentCount, vm.memory.nil) : refused(vm, found);
    return vm.answer(argumentCount, found);
  };

  const workingDirectory: FileOperation = (vm, files, argumentCount) =>
    vm.answer(argumentCount, textOop(vm, files.workingDirectory()));

  const operations: Record<string, FileOperation> = {
    primitiveFileOpen: open,
    primitiveFileOpenNew: openNew,
    primitiveConnectToFileDescriptor: connect,
    primitiveFileDescriptorType: descriptorType,
    primitiveFileClose: close,
    primitiveFileRead: read,
    primitiveFileWrite: write,
    primitiveFileSize: size,
    primitiveFileAtEnd: atEnd,
    primitiveFileGetPosition: position,
    primitiveFileSetPosition: setPosition,
    primitiveFileTruncate: truncate,
    primitiveFileFlush: flush,
    primitiveFileSync: flush,
    primitiveFileDelete: onPath((files, path) => files.deleteFile(path)),
    primitiveFileRename: rename,
    primitiveFileStdioHandles: standardFiles,
    primitiveDirectoryCreate: onPath((files, path) => files.createDirectory(path)),
    primitiveDirectoryDelete: onPath((files, path) => files.deleteDirectory(path)),
    primitiveDirectoryLookup: lookup,
    primitiveDirectoryEntry: entry,
    primitiveDirectoryList: list,
    primitiveDirectoryDelimitor: (vm, _files, argumentCount) =>
      vm.answer(argumentCount, characterOop('/'.charCodeAt(0))),
    primitiveWorkingDirectory: workingDirectory,
  };
  return Object.entries(operations).map(([name, operation]) => ({
    module: MODULE,
    name,
    takes: TAKES[name] ?? 1,
    fails: FILE_FAILS,
    run: (vm: Interpreter, argumentCount: number) =>
      vm.host.files === undefined ? vm.fail(PrimitiveError.UNSUPPORTED) : operation(vm, vm.host.files, argumentCount),
  }));
}
