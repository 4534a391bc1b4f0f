/**
 * The numbers that ffi-napi tells: libffi's (version 3.3) and the loader's. ABIs are those of the machine; one is called here,
 * the machine's own.
 */
import { constants } from 'node:os';

export const version = '3.3';

export const status = { FFI_OK: 0, FFI_BAD_TYPEDEF: 1, FFI_BAD_ABI: 2 } as const;

/** libffi's ffi_abi: those between the first and the last are meant, without the two. */
const abisByMachine = {
  x64: { FFI_DEFAULT_ABI: 2, FFI_FIRST_ABI: 1, FFI_LAST_ABI: 5, FFI_UNIX64: 2 },
  arm64: { FFI_DEFAULT_ABI: 1, FFI_FIRST_ABI: 0, FFI_LAST_ABI: 3, FFI_SYSV: 1 },
} as const;

export const abis: Readonly<Record<string, number>> & { readonly FFI_DEFAULT_ABI: number } =
  process.arch === 'arm64' ? abisByMachine.arm64 : abisByMachine.x64;

const loader: Readonly<Record<string, number>> = constants.dlopen;

/** RTLD_LAZY and its sisters; those that Node does not tell are glibc's. */
export const loaderFlags: Readonly<Record<string, number>> = {
  RTLD_LAZY: loader.RTLD_LAZY ?? 1,
  RTLD_NOW: loader.RTLD_NOW ?? 2,
  RTLD_LOCAL: loader.RTLD_LOCAL ?? 0,
  RTLD_GLOBAL: loader.RTLD_GLOBAL ?? 0x100,
  RTLD_NOLOAD: process.platform === 'darwin' ? 0x10 : 4,
  RTLD_NODELETE: process.platform === 'darwin' ? 0x80 : 0x1000,
};

/** The pseudo-handles of dlsym, as addresses. */
export const loaderHandles = { RTLD_NEXT: 2 ** 64, RTLD_DEFAULT: 0 } as const;

/** libffi's FFI_TYPE_ codes. */
export const typeCode = {
  void: 0,
  int: 1,
  float: 2,
  double: 3,
  longDouble: 4,
  uint8: 5,
  sint8: 6,
  uint16: 7,
  sint16: 8,
  uint32: 9,
  sint32: 10,
  uint64: 11,
  sint64: 12,
  struct: 13,
  pointer: 14,
} as const;

export const libraryExtension = { darwin: '.dylib', win32: '.dll' }[process.platform as string] ?? '.so';
