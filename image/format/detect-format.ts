/**
 * Recognises an image file by its first word, for all formats of the Squeak family, in both byte orders.
 *
 * The word is the format number: 6502 for the first 32-bit object format (V3), 4 more where its methods have closures,
 * 1 more where floats are in the machine's word order; 65xx + 61498 for the 64-bit one; 6521 and 68021 for Spur; 512 more
 * where methods of more than one instruction set occur. Source: `imageFormatVersion` in Squeak's VMMaker.
 */
import { foreignMagic, truncated } from './errors.ts';

export type ObjectFormat = 'v3' | 'v3-64' | 'spur32' | 'spur64';

export interface ImageFormat {
  readonly format: ObjectFormat;
  readonly magic: number;
  readonly endian: 'little' | 'big';
  /** Where the header starts: 0, or 512 in a file that opens with a line for the shell. */
  readonly headerOffset: number;
  readonly description: string;
}

const FORMATS: ReadonlyMap<number, readonly [ObjectFormat, string]> = new Map([
  [6502, ['v3', 'V3 32-bit, without closures']],
  [6504, ['v3', 'V3 32-bit, with closures']],
  [6505, ['v3', "V3 32-bit, with closures and floats in the machine's word order"]],
  [68000, ['v3-64', 'V3 64-bit, without closures']],
  [68002, ['v3-64', 'V3 64-bit, with closures']],
  [68003, ['v3-64', "V3 64-bit, with closures and floats in the machine's word order"]],
  [6521, ['spur32', 'Spur 32-bit']],
  [7033, ['spur32', 'Spur 32-bit, with several instruction sets']],
  [68021, ['spur64', 'Spur 64-bit']],
  [68533, ['spur64', 'Spur 64-bit, with several instruction sets']],
]);

/** The header of a file that starts with `#!` stands after that many bytes. */
const SHELL_PREFIX_BYTES = 512;

/** @throws ImageFormatError `truncated` or `foreign-magic` */
export function detectFormat(bytes: Uint8Array): ImageFormat {
  const headerOffset = bytes[0] === 0x23 && bytes[1] === 0x21 ? SHELL_PREFIX_BYTES : 0;
  if (bytes.length < headerOffset + 4) throw truncated('the format number', headerOffset + 4, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const endian of ['little', 'big'] as const) {
    const magic = view.getUint32(headerOffset, endian === 'little');
    const known = FORMATS.get(magic);
    if (known !== undefined) return { format: known[0], magic, endian, headerOffset, description: known[1] };
  }
  throw foreignMagic(headerOffset, view.getUint32(headerOffset, false));
}
