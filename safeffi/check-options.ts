/**
 * Options of sessions and libraries, each with its check: a typing mistake in a name is an error, not a default. The tables
 * are complete by their types: an option that is added to the interfaces must be added here.
 */
import { checkDuration } from './check-input.ts';
import { badOptionError, optionsError } from './errors.ts';
import type { LibraryOptions, SessionOptions } from './session.ts';

type Check = (option: string, value: unknown) => void;

const oneOf =
  (...choices: unknown[]): Check =>
  (option, value) => {
    if (choices.includes(value)) return;
    const texts = choices.map(String);
    throw badOptionError(option, value, texts.length === 2 ? texts.join(' or ') : `one of ${texts.join(', ')}`);
  };

const object: Check = (option, value) => {
  if (typeof value !== 'object' || value === null) throw badOptionError(option, value, 'an object');
};

const fn: Check = (option, value) => {
  if (typeof value !== 'function') throw badOptionError(option, value, 'a function');
};

const environment: Check = (option, value) => {
  object(option, value);
  for (const [name, text] of Object.entries(value as object)) {
    if (name === '' || /[=\0]/.test(name))
      throw badOptionError(option, name.replaceAll('\0', '\\0'), 'names without = and NUL');
    if (typeof text !== 'string') throw badOptionError(`${option}.${name}`, text, 'a String');
    if (text.includes('\0'))
      throw badOptionError(`${option}.${name}`, text.replaceAll('\0', '\\0'), 'a String without a NUL');
  }
};

const sessionChecks: Readonly<Record<keyof SessionOptions, Check>> = {
  ffi: oneOf('safe', 'native', 'portable', 'direct'),
  deadlineMs: checkDuration,
  strings: oneOf('text', 'bytes'),
  pendAfterMs: checkDuration,
  spin: oneOf(true, false),
  onCallbackError: fn,
  onCallbackRequest: fn,
  environment,
  limits: object,
  confine: oneOf(true, false, 'tracing', 'filter'),
  spare: oneOf(true, false, 'bare'),
  checkpoint: oneOf(true, false),
  domains: oneOf('one', 'each'),
};

const libraryChecks: Readonly<Record<keyof LibraryOptions, Check>> = {
  domain: (option, value) => {
    if (typeof value !== 'string' || value === '') throw badOptionError(option, value, 'a name');
  },
  checkpoint: oneOf(true, false),
};

/** Throws CalloutError `bad-option`. */
export function checkSessionOptions(options: unknown): asserts options is SessionOptions {
  checkOptions(options, sessionChecks);
}

export function checkLibraryOptions(options: unknown): asserts options is LibraryOptions {
  checkOptions(options, libraryChecks);
}

function checkOptions(options: unknown, checks: Readonly<Record<string, Check>>): void {
  if (typeof options !== 'object' || options === null)
    throw optionsError(options, `an object with any of ${Object.keys(checks).join(', ')}`);
  for (const [option, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, option))
      throw badOptionError(option, value, `one of the options ${Object.keys(checks).join(', ')}`);
    if (value !== undefined) checks[option]!(option, value);
  }
}
