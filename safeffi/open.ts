/**
 * `open('libc.so.6').declare('size_t strlen(const char *s);')`: the shortest way to C. Libraries opened without options share
 * one executor, as they share one process elsewhere: a FILE of one can be passed to another.
 */
import { type Library, openSession, type Session, type SessionOptions } from './session.ts';

/** Of this process; started by the first callout, ended with the process. */
let shared: Session | undefined;

/**
 * A library by file name or path, as the loader finds it. With options it gets an executor of its own, which
 * `library.session.close()` ends. Throws CalloutError `library-not-found`.
 */
export function open(name: string, options?: SessionOptions): Library {
  if (options !== undefined) return openSession(options).library(name);
  if (shared === undefined || shared.closed) shared = openSession();
  return shared.library(name);
}
