/** A text that is to become a ByteString: characters that no byte holds become question marks, rather than other characters. */
export const asLatin1 = (text: string): string =>
  Array.from(text, (character) => (character.codePointAt(0)! > 0xff ? '?' : character)).join('');
