/**
 * Module FileAttributesPlugin of Pharo and Squeak: what the system knows of a file, and a directory read entry by entry, on the host's files. Paths
 * and names are UTF-8. Times are seconds of local time since 1901, as in FilePlugin.
 *
 * What the system refuses fails as an operating system error: a copy of the image's object for that (PrimitiveError) with the plugin's number for it,
 * or the bare code where the image has none. Changing owners is not offered. Source: FileAttributesPlugin and faSupport in Pharo's VM.
 */
import { type FileAttributes, HostFileError, type HostFiles } from '../vm/host.ts';
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { isImmediate, NO_OOP, type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { ClassIndex, PrimitiveError, SpecialObject } from '../vm/memory/well-known.ts';
import { HandleTable } from './handle-table.ts';
import { integerWithin, isByteObject } from './operands.ts';
import { utf8Text } from './utf8-text.ts';

const MODULE = 'FileAttributesPlugin';
const VERSION = '2.0.9';
const SECONDS_FROM_1901_TO_1970 = 2_177_452_800;
const LONGEST_PATH = 4096;
const LARGEST = 0x3fffffff;

/** The plugin's numbers for what went wrong. */
const Trouble = { CANNOT_STAT: -3, INVALID: -6, CANNOT_OPEN: -9, UNSUPPORTED: -13, BAD_HANDLE: -17 } as const;

/** S_IFMT, S_IFSOCK, S_IFLNK, S_IFREG, S_IFBLK, S_IFDIR, S_IFCHR, S_IFIFO. */
const FILE_MASKS = [0o170000, 0o140000, 0o120000, 0o100000, 0o060000, 0o040000, 0o020000, 0o010000] as const;
const TYPE_MASK = 0o170000;
const DIRECTORY = 0o040000;
const LINK = 0o120000;

/** What a mask of `fileAttributes:mask:` asks for. */
const Wanted = { STATUS: 1, ACCESS: 2, OF_LINK: 4 } as const;
const STATUS_SLOTS = 13;

/** An image that knows such errors has an object in its table, whose second slot takes the number. */
function failForSystem(vm: Interpreter, number: number): false {
  const { memory } = vm;
  const table = memory.specialObject(SpecialObject.PRIMITIVE_ERROR_TABLE);
  const at = PrimitiveError.OS_ERROR - 1;
  const model =
    isImmediate(table) || !memory.isPointers(table) || memory.slotCountOf(table) <= at
      ? memory.nil
      : memory.fetchPointer(table, at);
  if (isImmediate(model) || !memory.isPointers(model) || memory.slotCountOf(model) < 2)
    return vm.fail(PrimitiveError.OS_ERROR);
  const slots = memory.slotCountOf(model);
  const error = memory.allocatePointers(memory.classIndexOfObject(model), memory.formatOf(model), slots);
  for (let i = 0; i < slots; i++) memory.storePointer(error, i, memory.fetchPointer(model, i));
  memory.storePointer(error, 1, smallIntegerOop(number));
  return vm.failWith(error);
}

function pathOf(vm: Interpreter, oop: Oop): string | undefined {
  if (!isByteObject(vm.memory, oop)) return undefined;
  const text = new TextDecoder().decode(vm.memory.bytesOf(oop).slice());
  return text === '' || text.includes('\0') ? undefined : text;
}

/** Bytes of UTF-8, as a ByteArray. */
function nameOop(vm: Interpreter, text: string): Oop {
  const oop = utf8Text(vm.memory, text);
  if (oop !== NO_OOP) vm.memory.setClassIndex(oop, ClassIndex.BYTE_ARRAY);
  return oop;
}

const seconds = (vm: Interpreter, milliseconds: number): Oop =>
  vm.memory.integerOop(
    BigInt(Math.floor(milliseconds / 1000) + SECONDS_FROM_1901_TO_1970 + vm.host.utcOffsetSeconds()),
  );

/** One attribute by its number from 2 to 12; the rest has no value of its own. */
function attribute(vm: Interpreter, attributes: FileAttributes, number: number): Oop {
  const { memory } = vm;
  const whole = (value: number): Oop => memory.integerOop(BigInt(Math.floor(value)));
  switch (number) {
    case 2:
      return whole(attributes.mode);
    case 3:
      return whole(attributes.inode);
    case 4:
      return whole(attributes.device);
    case 5:
      return whole(attributes.links);
    case 6:
      return whole(attributes.owner);
    case 7:
      return whole(attributes.group);
    case 8:
      return whole((attributes.mode & TYPE_MASK) === DIRECTORY ? 0 : attributes.sizeBytes);
    case 9:
      return seconds(vm, attributes.accessedMs);
    case 10:
      return seconds(vm, attributes.modifiedMs);
    case 11:
      return seconds(vm, attributes.changedMs);
    default:
      return memory.nil;
  }
}

/** An Array of all: the name that a link leads to, or nil, then the attributes from 2. */
function statusArray(vm: Interpreter, attributes: FileAttributes): Oop {
  const { memory } = vm;
  const array = memory.newArray(STATUS_SLOTS);
  if (attributes.target !== undefined) memory.storePointer(array, 0, nameOop(vm, attributes.target));
  for (let number = 2; number <= STATUS_SLOTS; number++)
    memory.storePointer(array, number - 1, attribute(vm, attributes, number));
  return array;
}

const ACCESS_KINDS = ['read', 'write', 'execute'] as const;

function accessArray(vm: Interpreter, files: HostFiles, path: string): Oop {
  const array = vm.memory.newArray(ACCESS_KINDS.length);
  ACCESS_KINDS.forEach((kind, i) => {
    vm.memory.storePointer(array, i, vm.memory.booleanOop(files.isAllowed?.(path, kind) === true));
  });
  return array;
}

type Operation = (vm: Interpreter, files: HostFiles, argumentCount: number) => boolean;

/** Runs an operation on the path at stack offset `at`. */
const onPath =
  (at: number, operation: (vm: Interpreter, files: HostFiles, path: string) => boolean): Operation =>
  (vm, files) => {
    const path = pathOf(vm, vm.stackValue(at));
    return path === undefined ? vm.fail(PrimitiveError.BAD_ARGUMENT) : operation(vm, files, path);
  };

const exists = onPath(0, (vm, files, path) =>
  vm.answer(1, vm.memory.booleanOop(!(files.status(path) instanceof HostFileError))),
);

const fileAttribute = onPath(1, (vm, files, path) => {
  const number = integerWithin(vm.stackValue(0), 1, 16);
  if (number === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (files.attributes === undefined) return failForSystem(vm, Trouble.UNSUPPORTED);
  const access = ACCESS_KINDS[number - 13];
  if (access !== undefined) return vm.answer(2, vm.memory.booleanOop(files.isAllowed?.(path, access) === true));
  const found = files.attributes(path, number !== 16);
  if (found instanceof HostFileError) return failForSystem(vm, Trouble.CANNOT_STAT);
  const isLink = (found.mode & TYPE_MASK) === LINK;
  return vm.answer(2, number === 16 ? vm.memory.booleanOop(isLink) : attribute(vm, found, number));
});

const fileAttributes = onPath(1, (vm, files, path) => {
  const { memory } = vm;
  const mask = integerWithin(vm.stackValue(0), 0, LARGEST);
  if (mask === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if ((mask & (Wanted.STATUS | Wanted.ACCESS)) === 0) return failForSystem(vm, Trouble.INVALID);
  if (files.attributes === undefined) return failForSystem(vm, Trouble.UNSUPPORTED);
  const found = files.attributes(path, (mask & Wanted.OF_LINK) === 0);
  if (found instanceof HostFileError) return failForSystem(vm, Trouble.CANNOT_STAT);
  if ((mask & Wanted.ACCESS) === 0) return vm.answer(2, statusArray(vm, found));
  if ((mask & Wanted.STATUS) === 0) return vm.answer(2, accessArray(vm, files, path));
  const both = memory.newArray(2);
  memory.storePointer(both, 0, statusArray(vm, found));
  memory.storePointer(both, 1, accessArray(vm, files, path));
  return vm.answer(2, both);
});

const changeMode = onPath(1, (vm, files, path) => {
  const mode = integerWithin(vm.stackValue(0), 0, 0o7777);
  if (mode === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (files.changeMode === undefined) return failForSystem(vm, Trouble.UNSUPPORTED);
  const error = files.changeMode(path, mode);
  return error === undefined ? vm.answer(2, vm.stackValue(2)) : failForSystem(vm, Trouble.CANNOT_STAT);
});

// Directories

interface OpenDirectory {
  readonly path: string;
  names: readonly string[];
  next: number;
}

/** The next entry: an Array of name, attributes (nil where they cannot be had) and room for the handle; nil behind the last. */
function nextEntry(vm: Interpreter, files: HostFiles, directory: OpenDirectory): Oop {
  const { memory } = vm;
  const name = directory.names[directory.next++];
  if (name === undefined) return memory.nil;
  const entry = memory.newArray(3);
  memory.storePointer(entry, 0, nameOop(vm, name));
  const found = files.attributes?.(`${directory.path.replace(/\/$/, '')}/${name}`, false);
  if (found !== undefined && !(found instanceof HostFileError)) memory.storePointer(entry, 1, statusArray(vm, found));
  return entry;
}

function directoryOperations(): Readonly<Record<string, readonly [takes: number, operation: Operation]>> {
  const table = new HandleTable<OpenDirectory>();
  const onDirectory =
    (operation: (vm: Interpreter, files: HostFiles, directory: OpenDirectory, handle: Oop) => boolean): Operation =>
    (vm, files) => {
      const handle = vm.stackValue(0);
      const directory = table.at(vm, handle);
      return directory === undefined ? failForSystem(vm, Trouble.BAD_HANDLE) : operation(vm, files, directory, handle);
    };
  return {
    primitiveOpendir: [
      1,
      onPath(0, (vm, files, path) => {
        const names = files.list(path);
        if (names instanceof HostFileError) return failForSystem(vm, Trouble.CANNOT_OPEN);
        if (names.length === 0) return vm.answer(1, vm.memory.nil);
        const directory: OpenDirectory = { path, names, next: 0 };
        const handle = table.handle(vm, table.add(directory));
        const entry = nextEntry(vm, files, directory);
        vm.memory.storePointer(entry, 2, handle);
        return vm.answer(1, entry);
      }),
    ],
    primitiveReaddir: [1, onDirectory((vm, files, directory) => vm.answer(1, nextEntry(vm, files, directory)))],
    primitiveRewinddir: [
      1,
      onDirectory((vm, files, directory, handle) => {
        const names = files.list(directory.path);
        if (names instanceof HostFileError) return failForSystem(vm, Trouble.CANNOT_OPEN);
        directory.names = names;
        directory.next = 0;
        const entry = nextEntry(vm, files, directory);
        if (entry !== vm.memory.nil) vm.memory.storePointer(entry, 2, handle);
        return vm.answer(1, entry);
      }),
    ],
    primitiveClosedir: [
      1,
      onDirectory((vm, _files, _directory, handle) => {
        table.remove(vm, handle);
        return vm.answer(1, handle);
      }),
    ],
  };
}

/** The bytes of a path, which are the same on this side and the other. */
const samePath: Operation = (vm) =>
  isByteObject(vm.memory, vm.stackValue(0)) ? vm.answer(1, vm.stackValue(0)) : vm.fail(PrimitiveError.BAD_ARGUMENT);

const fileMasks: Operation = (vm) => {
  const array = vm.memory.newArray(FILE_MASKS.length);
  FILE_MASKS.forEach((mask, i) => {
    vm.memory.storePointer(array, i, smallIntegerOop(mask));
  });
  return vm.answer(0, array);
};

const unsupported: Operation = (vm) => failForSystem(vm, Trouble.UNSUPPORTED);
const FAILS: readonly FailureName[] = ['BAD_ARGUMENT', 'OS_ERROR', 'GENERIC'];

export function fileAttributesPrimitives(): readonly PrimitiveDefinition[] {
  const operations: Readonly<Record<string, readonly [takes: number, operation: Operation]>> = {
    primitiveFileExists: [1, exists],
    primitiveFileAttribute: [2, fileAttribute],
    primitiveFileAttributes: [2, fileAttributes],
    primitiveChangeMode: [2, changeMode],
    primitiveChangeOwner: [3, unsupported],
    primitiveSymlinkChangeOwner: [3, unsupported],
    primitiveFileMasks: [0, fileMasks],
    primitiveLogicalDrives: [0, unsupported],
    primitivePathMax: [0, (vm) => vm.answer(0, smallIntegerOop(LONGEST_PATH))],
    primitivePlatToStPath: [1, samePath],
    primitiveStToPlatPath: [1, samePath],
    primitiveVersionString: [0, (vm) => vm.answer(0, vm.memory.newByteString(VERSION))],
    ...directoryOperations(),
  };
  return Object.entries(operations).map(([name, [takes, operation]]) => ({
    module: MODULE,
    name,
    takes,
    fails: FAILS,
    run: (vm: Interpreter, argumentCount: number) =>
      vm.host.files === undefined ? vm.fail(PrimitiveError.UNSUPPORTED) : operation(vm, vm.host.files, argumentCount),
  }));
}
