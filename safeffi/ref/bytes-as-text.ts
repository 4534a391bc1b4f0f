/**
 * UTF-8 as Buffer reads it: what is not valid becomes U+FFFD, and a byte order mark stays.
 */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
