/** What a failed evaluation throws. The sentence is the exception's own; the stack is Smalltalk's, innermost first. */
export class SmalltalkError extends Error {
  override readonly name = 'SmalltalkError';
  /** The class of the exception; what the call ended with where there was none: `stuck`, `terminated`, `interrupted`, `quit`. */
  readonly className: string;
  readonly smalltalkStack: readonly string[];

  constructor(className: string, message: string, smalltalkStack: readonly string[] = []) {
    super(message);
    this.className = className;
    this.smalltalkStack = smalltalkStack;
  }
}
