/**
 * A callout by the general way: started, given a moment to be over, and else left to go on (`CalloutGoesOn`). C works on
 * copies of buffers from the start, because objects may move before it is over.
 */
import {
  type ArgumentValue,
  CalloutGoesOn,
  type CalloutOptions,
  CString,
  type OwnedBuffer,
  type PreparedCallout,
  type ResultValue,
} from '../../safeffi/index.ts';

/** Most callouts are over by then; a switch to another process and back costs as much. */
const MOMENT_MS = 0.5;

/** Some 50 µs. */
const LOOKS = 1000;

/** Throws CalloutGoesOn, FFIFault, CalloutError. */
export function startAndWait(
  prepared: PreparedCallout,
  given: readonly ArgumentValue[],
  options: CalloutOptions,
): ResultValue {
  const { args, buffers } = withOwnBuffers(given);
  const pending = prepared.start(args, options);
  // Where a look costs next to nothing, most callouts are over before a wait would have begun.
  if (prepared.pends === true) for (let looks = 0; looks < LOOKS && !pending.poll(); looks++);
  if (!pending.wait(MOMENT_MS) || pending.state === 'callback') throw new CalloutGoesOn(pending, buffers);
  const result = pending.result();
  for (const { position, bytes } of buffers) copyBack(given[position - 1], bytes);
  return result;
}

/**
 * For an executor that evaluates blocks while it waits: the callout is waited for when its result is asked for, in
 * `FFIRunningCallout`, where objects may move.
 */
export function startAside(
  prepared: PreparedCallout,
  given: readonly ArgumentValue[],
  options: CalloutOptions,
): CalloutGoesOn {
  const { args, buffers } = withOwnBuffers(given);
  return new CalloutGoesOn(
    {
      poll: () => true,
      state: 'done',
      callback: () => undefined,
      interrupt: () => {},
      wait: () => true,
      result: () => prepared.start(args, options).result(),
    },
    buffers,
  );
}

function withOwnBuffers(given: readonly ArgumentValue[]): { args: ArgumentValue[]; buffers: OwnedBuffer[] } {
  const buffers: OwnedBuffer[] = [];
  const args = given.map((value, i) => {
    const bytes = value instanceof CString ? value.bytes : value instanceof Uint8Array ? value : undefined;
    if (bytes === undefined) return value;
    const copy = bytes.slice();
    buffers.push({ position: i + 1, bytes: copy });
    return value instanceof CString ? new CString(copy) : copy;
  });
  return { args, buffers };
}

/** No object moved since `given` was read. */
function copyBack(given: ArgumentValue | undefined, bytes: Uint8Array): void {
  if (given instanceof CString) given.bytes.set(bytes);
  else if (given instanceof Uint8Array) given.set(bytes);
}
