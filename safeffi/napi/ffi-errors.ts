/**
 * The errors of ffi-napi, in its words. A program may look at `code` and `errno`.
 */
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

/** Puts in front of an error's message what was being done. */
export function within(prefix: string, error: unknown): unknown {
  if (!(error instanceof Error)) return new Error(`${prefix} - ${String(error)}`);
  const message = `${prefix} - ${error.message}`;
  // A fault's message is made when it is read, and belongs to it.
  try {
    error.message = message;
  } catch {
    return Object.assign(new Error(message, { cause: error }), { name: error.name });
  }
  return error.message === message ? error : Object.assign(new Error(message, { cause: error }), { name: error.name });
}
