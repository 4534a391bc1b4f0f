/** The fault that a callout ends in; any other end fails the test. */
import { FFIFault } from '../../safeffi/index.ts';

export function faultOf(run: () => unknown): FFIFault {
  try {
    run();
  } catch (error) {
    if (error instanceof FFIFault) return error;
    throw error;
  }
  throw new Error('nothing faulted');
}
