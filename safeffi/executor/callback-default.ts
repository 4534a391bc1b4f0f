/**
 * Whether the value that a callback gives for errors is one of its results. Throws CalloutError `callback-result`.
 */
import type { CallbackOptions } from '../callbacks/callback.ts';
import { callbackResultError } from '../errors.ts';
import { expectedText, fits } from '../types/check-argument.ts';
import type { Signature } from '../types/signature.ts';

export function checkDefault(name: string, signature: Signature, options: CallbackOptions): void {
  const { onError: value } = options;
  if (!Object.hasOwn(options, 'onError') || signature.returns.kind === 'void') return;
  if (!fits(signature.returns, value)) throw callbackResultError(name, value, expectedText(signature.returns));
}
