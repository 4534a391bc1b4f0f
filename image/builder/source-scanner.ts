/**
 * Goes over Smalltalk text and knows where its strings, comments and characters end: enough to find the bracket or the bang
 * that closes a piece, without parsing it.
 */

/**
 * The offset after the string, comment or character that starts at `at`, or `at + 1` for any other character; -1 when a
 * string or comment never ends. A quote doubled inside of a string reads as two strings side by side, which ends where it
 * should.
 */
export function afterToken(text: string, at: number): number {
  const character = text[at];
  if (character === '$') return at + 2;
  if (character !== "'" && character !== '"') return at + 1;
  const end = text.indexOf(character, at + 1);
  return end < 0 ? -1 : end + 1;
}

export interface Unclosed {
  /** Where what never ends starts. */
  readonly at: number;
  readonly what: 'string' | 'comment' | 'bracket';
}

/** The offset of the bracket that closes the one at `open`. */
export function closingBracket(text: string, open: number, pair: '[]' | '{}'): number | Unclosed {
  let depth = 0;
  for (let at = open; at < text.length; ) {
    if (text[at] === pair[0]) depth++;
    else if (text[at] === pair[1] && --depth === 0) return at;
    const next = afterToken(text, at);
    if (next < 0) return { at, what: text[at] === '"' ? 'comment' : 'string' };
    at = next;
  }
  return { at: open, what: 'bracket' };
}
