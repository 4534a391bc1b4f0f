/**
 * What the portable executor and its child say to each other, through a relay thread. One request, one reply, in order.
 * Values are plain (koffi-functions.ts); so are signatures (koffi-types.ts).
 */
import type { PlainValue } from './koffi-functions.ts';
import type { PlainSignature } from './koffi-types.ts';

export type PortableRequest =
  | { readonly do: 'load'; readonly library: string }
  | { readonly do: 'symbol'; readonly library: string; readonly name: string }
  | {
      readonly do: 'call';
      readonly library: string;
      readonly name: string;
      readonly address: bigint | undefined;
      readonly signature: PlainSignature;
      readonly args: readonly PlainValue[];
    }
  /** A C function that is answered from here; `id` names it. */
  | { readonly do: 'register'; readonly id: number; readonly signature: PlainSignature }
  | { readonly do: 'read'; readonly address: bigint; readonly sizeBytes: number }
  | { readonly do: 'write'; readonly address: bigint; readonly bytes: Uint8Array };

export type PortableReply =
  | { readonly is: 'value'; readonly value: PlainValue; readonly args: readonly PlainValue[]; readonly errno: number }
  /** C called callback `id` and waits for the answer with this serial. No reply to a request. */
  | { readonly is: 'callback'; readonly id: number; readonly serial: number; readonly args: readonly PlainValue[] }
  | { readonly is: 'not found'; readonly reason: string }
  | { readonly is: 'error'; readonly reason: string }
  | { readonly is: 'started'; readonly pid: number }
  | {
      readonly is: 'ended';
      readonly status: number | null;
      readonly signal: string | null;
      /** The signal had stopped it, and it was ended for that. */
      readonly stopped?: boolean;
    };

/** Words of the small shared memory between an executor and its relay: replies posted so far. */
export const repliesWord = 0;
