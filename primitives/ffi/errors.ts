/** What can be wrong with a callout before C is reached. In the image each becomes an `FFIError` with this sentence. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/** A callout that parses but cannot be made: an unknown type, a name that is no variable here, a value of the wrong kind. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
}
