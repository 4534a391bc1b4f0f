/**
 * An invariant of the VM broke. Never caught inside the VM: it dumps and stops (exit code 70 of the command). A mistake in
 * Smalltalk code or input never raises it.
 */
export class VMBug extends Error {
  override readonly name = 'VMBug';
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, sentence: string, details: Readonly<Record<string, unknown>> = {}) {
    super(sentence);
    this.code = code;
    this.details = details;
  }
}

/** Closes a `switch` over a closed union. */
export function assertNever(value: never): never {
  throw new VMBug('unreachable-case', `a closed union has a case that no branch handles: ${String(value)}`);
}
