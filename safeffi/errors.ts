/**
 * The errors of safeffi that are not faults: a callout refused before anything ran. Each has a stable code, one full
 * sentence and structured details. Every sentence is built here, so that tests can compare whole messages.
 * A fault in C is an `FFIFault` (faults/ffi-fault.ts), never a `CalloutError`.
 */
import { CString } from './address.ts';
import { Callback } from './callbacks/callback.ts';
import { Unpassable } from './values.ts';

export type CalloutErrorCode =
  | 'argument-count'
  | 'argument-type'
  | 'argument-range'
  | 'bad-type'
  | 'bad-signature'
  | 'bad-declaration'
  | 'library-not-found'
  | 'symbol-not-found'
  | 'no-lane'
  | 'batch'
  | 'not-writable'
  | 'no-memory'
  | 'already-resolved'
  | 'callback-result'
  | 'callback-unanswered'
  | 'callback-released'
  | 'callback-open'
  | 'callout-left'
  | 'no-callback'
  | 'not-available'
  | 'executor-start'
  | 'bad-option'
  | 'other-domain'
  | 'checkpoint-refused'
  | 'no-checkpoint'
  | 'closed';

/** A callout, a type or a library was refused; nothing was called. `code` is stable, `message` is one sentence. */
export class CalloutError extends Error {
  override readonly name = 'CalloutError';
  readonly code: CalloutErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: CalloutErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** A value as it stands in an error sentence: short, and never the content of a large buffer. */
export function describeValue(value: unknown): string {
  if (value === null) return 'nil';
  if (value === undefined) return 'undefined';
  if (typeof value === 'string') return value.length > 40 ? `a String of ${value.length} characters` : `'${value}'`;
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (ArrayBuffer.isView(value)) return `a ByteArray of ${value.byteLength} bytes`;
  if (value instanceof CString) return describeValue(Buffer.from(value.bytes).toString('latin1'));
  if (value instanceof Callback) return `the ${value.released ? 'released ' : ''}callback ${value.name}`;
  if (value instanceof Unpassable) return value.description;
  if (typeof value === 'object') return `an instance of ${value.constructor?.name ?? 'Object'}`;
  return `a ${typeof value}`;
}

export function argumentCountError(callout: string, actual: number, expected: number, orMore = false): CalloutError {
  const plural = expected === 1 && !orMore ? 'argument' : 'arguments';
  return new CalloutError(
    'argument-count',
    `callout ${callout}: ${actual} given, expected ${expected}${orMore ? ' or more' : ''} ${plural}`,
    {
      callout,
      actual,
      expected,
    },
  );
}

export function argumentTypeError(callout: string, position: number, value: unknown, expected: string): CalloutError {
  return new CalloutError(
    'argument-type',
    `callout ${callout}: argument ${position} is ${describeValue(value)}, expected ${expected}`,
    { callout, position, expected },
  );
}

export function argumentRangeError(
  callout: string,
  position: number,
  value: unknown,
  type: string,
  low: bigint,
  high: bigint,
): CalloutError {
  return new CalloutError(
    'argument-range',
    `callout ${callout}: argument ${position} is ${describeValue(value)}, expected ${type} (${low} to ${high})`,
    { callout, position, type, low, high },
  );
}

export function badTypeError(text: string, reason: string): CalloutError {
  return new CalloutError('bad-type', `'${text}' is not a C type known here: ${reason}`, { text });
}

export function badSignatureError(callout: string, reason: string): CalloutError {
  return new CalloutError('bad-signature', `callout ${callout}: ${reason}`, { callout });
}

export function constantVariableError(name: string, library: string): CalloutError {
  return new CalloutError('not-writable', `variable ${name} of ${library} is declared const`, { name, library });
}

/** A batch was asked for what it does not do. */
export function batchError(callout: string, reason: string): CalloutError {
  return new CalloutError('batch', `batch of ${callout}: ${reason}`, { callout });
}

export function libraryNotFoundError(library: string, reason: string): CalloutError {
  return new CalloutError('library-not-found', `library ${library} could not be loaded: ${reason}`, {
    library,
    reason,
  });
}

export function symbolNotFoundError(name: string, library: string, reason: string): CalloutError {
  return new CalloutError('symbol-not-found', `${name} was not found in ${library}: ${reason}`, {
    name,
    library,
    reason,
  });
}

export function noLaneError(callout: string, lanes: number): CalloutError {
  return new CalloutError(
    'no-lane',
    `callout ${callout}: all ${lanes} lanes of the executor are held by unfinished callouts or unresolved faults`,
    { callout, lanes },
  );
}

export function noMemoryError(callout: string, sizeBytes: number): CalloutError {
  return new CalloutError('no-memory', `callout ${callout}: the executor has no room for ${sizeBytes} bytes`, {
    callout,
    sizeBytes,
  });
}

export function alreadyResolvedError(callout: string, resolution: string): CalloutError {
  return new CalloutError(
    'already-resolved',
    `callout ${callout}: ${resolution} comes too late, it was resolved before`,
    { callout, resolution },
  );
}

export function notAvailableError(what: string, executor: string): CalloutError {
  return new CalloutError('not-available', `${what} is not available with the ${executor} executor`, {
    what,
    executor,
  });
}

export function callbackResultError(callback: string, value: unknown, expected: string): CalloutError {
  const sentence = `callback ${callback}: the result is ${describeValue(value)}, expected ${expected}`;
  return new CalloutError('callback-result', sentence, { callback, expected });
}

/** A callback without a function was called by a callout that nobody looks at. */
export function unansweredCallbackError(callback: string, callout: string): CalloutError {
  return new CalloutError(
    'callback-unanswered',
    `callback ${callback} has no function; callout ${callout} must be started, and the callback's request answered`,
    { callback, callout },
  );
}

export function releasedCallbackError(callback: string): CalloutError {
  return new CalloutError('callback-released', `callback ${callback} was released`, { callback });
}

/** Something must be over before: a nested callout, or the callback itself. */
export function openCallbackError(callback: string, reason: string): CalloutError {
  return new CalloutError('callback-open', `callback ${callback}: ${reason}`, { callback });
}

/** C jumped back into the code that had called the callback; that goes on, whatever becomes of this error. */
export function leftError(callout: string): CalloutError {
  const sentence = `callout ${callout}: C left it by longjmp, and the callback that it was made in`;
  return new CalloutError('callout-left', sentence, { callout });
}

export function noCallbackError(callback: string, most: number): CalloutError {
  return new CalloutError('no-callback', `callback ${callback}: all ${most} callbacks of the executor are in use`, {
    callback,
    most,
  });
}

/** Options that are no object. */
export function optionsError(value: unknown, expected: string): CalloutError {
  return new CalloutError('bad-option', `the options are ${describeValue(value)}, expected ${expected}`, { expected });
}

export function badOptionError(option: string, value: unknown, expected: string): CalloutError {
  return new CalloutError('bad-option', `option ${option} is ${describeValue(value)}, expected ${expected}`, {
    option,
    expected,
  });
}

/** An address that means nothing where it was passed; position 0 is the function itself. */
export function otherDomainError(
  callout: string,
  position: number,
  address: { toString(): string },
  from: string,
  to: string,
): CalloutError {
  const what = position === 0 ? 'the function' : `argument ${position}`;
  const sentence = `callout ${callout}: ${what} is ${address}, an address of domain '${from}', passed to domain '${to}'`;
  return new CalloutError('other-domain', sentence, { callout, position, from, to });
}

export function executorStartError(reason: string): CalloutError {
  return new CalloutError('executor-start', `the executor could not be started: ${reason}`, { reason });
}

export function closedError(what: string): CalloutError {
  return new CalloutError('closed', `${what} is closed`, { what });
}
