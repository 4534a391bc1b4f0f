/**
 * The errors of ffi-napi, in its words. A program may look at `code` and `errno`.
 */
import { types } from 'node:util';
import { FFIFault } from '../index.ts';
import { status } from './ffi-constants.ts';

function prepError(code: keyof typeof status, reason: string): Error {
  return Object.assign(new Error(`ffi_prep_cif() returned an error: ${code} (${reason})`), {
    code,
    errno: status[code],
  });
}

export function badTypedef(reason: string): Error {
  return prepError('FFI_BAD_TYPEDEF', reason);
}

export function badAbi(reason: string): Error {
  return prepError('FFI_BAD_ABI', reason);
}

export function countError(expected: number, actual: number): TypeError {
  return new TypeError(`Expected ${expected} arguments, got ${actual}`);
}

/** Puts in front of an error's message what was being done. A fault says so itself. */
export function within(prefix: string, error: unknown): unknown {
  if (error instanceof FFIFault) return error;
  if (!types.isNativeError(error)) return new Error(`${prefix} - ${String(error)}`);
  error.message = `${prefix} - ${error.message}`;
  return error;
}
