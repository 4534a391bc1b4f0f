/**
 * One child of the portable executor and the way to it. `request` posts, `reply` waits; replies come in the order of the
 * requests but for those made while C waits in a callback, which are answered first. Once the child has ended, every request that was not answered, and every later one, is answered `ended`.
 */
import type { PlainValue } from './koffi-functions.ts';
import { PipeChannel } from './pipe-channel.ts';
import type { PortableReply, PortableRequest } from './portable-messages.ts';
import { RelayChannel } from './relay-channel.ts';

export type Ended = Extract<PortableReply, { is: 'ended' }>;

export interface PortableChannel {
  readonly pid: number;
  readonly ended: Ended | undefined;
  /** Takes the callbacks of C while replies are waited for. */
  onCallback: ((id: number, args: readonly PlainValue[]) => PlainValue) | undefined;
  /** Posts a request; answers its number, for `reply`. */
  request(request: PortableRequest): number;
  /** The reply to request `number`, or undefined when none came within `timeoutMs`. */
  reply(number: number, timeoutMs: number): PortableReply | undefined;
  /** Forgets replies up to `number`: they were taken. */
  taken(number: number): void;
  kill(): void;
  /** Ends the child and waits for its end. */
  close(): void;
}

/** Starts a child. Throws CalloutError `executor-start`. */
export function openChannel(environment: Readonly<Record<string, string>> | undefined): PortableChannel {
  const hasPipes = process.platform === 'linux' || process.platform === 'darwin';
  return hasPipes ? new PipeChannel(environment) : new RelayChannel(environment);
}
