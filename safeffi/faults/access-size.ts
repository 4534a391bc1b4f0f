/**
 * How many bytes an x86-64 instruction reads or writes in memory, for the plain moves that most faults are: mov, movzx,
 * movsx, arithmetic with memory, string instructions, and the common SSE and AVX moves (Intel SDM volume 2). Undefined
 * for every other instruction: a size that is not known is not told.
 */

const mandatoryNone = 0;

/** The size of the access by the instruction at the start of `code` (up to 15 bytes), or undefined. */
export function accessSize(code: Uint8Array): number | undefined {
  let at = 0;
  let operand16 = false;
  let mandatory = mandatoryNone;
  for (; at < code.length; at++) {
    const byte = code[at]!;
    if (byte === 0x66) {
      operand16 = true;
      if (mandatory === mandatoryNone) mandatory = byte;
    } else if (byte === 0xf2 || byte === 0xf3) mandatory = byte;
    else if (![0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x67, 0xf0].includes(byte)) break;
  }
  if (code[at] === 0xc5 || code[at] === 0xc4) return vexSize(code, at);
  const rex = (code[at]! & 0xf0) === 0x40 ? code[at++]! : 0;
  const word = (rex & 8) !== 0 ? 8 : operand16 ? 2 : 4;
  const opcode = code[at];
  if (opcode === undefined) return undefined;
  return opcode === 0x0f ? twoByteSize(code[at + 1], mandatory, word) : oneByteSize(opcode, code[at + 1], word);
}

function oneByteSize(opcode: number, modrm: number | undefined, word: number): number | undefined {
  // add or adc sbb and sub xor cmp with memory: even opcodes are of bytes
  if (opcode < 0x40 && (opcode & 7) < 4) return (opcode & 1) === 0 ? 1 : word;
  switch (opcode) {
    case 0x80: // arithmetic with an immediate
    case 0x84: // test
    case 0x86: // xchg
    case 0x88: // mov
    case 0x8a:
    case 0xc6:
    case 0xa4: // movs
    case 0xaa: // stos
    case 0xac: // lods
      return 1;
    case 0x81:
    case 0x83:
    case 0x85:
    case 0x87:
    case 0x89:
    case 0x8b:
    case 0xc7:
    case 0xa5:
    case 0xab:
    case 0xad:
      return word;
    case 0x63: // movsxd
      return 4;
    case 0xfe: // inc, dec
      return 1;
    case 0xff: // inc and dec; calls and jumps through memory fault elsewhere too
      return modrm !== undefined && ((modrm >> 3) & 7) < 2 ? word : undefined;
    default:
      return undefined;
  }
}

function twoByteSize(opcode: number | undefined, mandatory: number, word: number): number | undefined {
  switch (opcode) {
    case 0xb6: // movzx, movsx of a byte
    case 0xbe:
    case 0xb0: // cmpxchg
      return 1;
    case 0xb7:
    case 0xbf:
      return 2;
    case 0xb1:
      return word;
    case 0x10: // movups, movupd, movss, movsd
    case 0x11:
      return mandatory === 0xf3 ? 4 : mandatory === 0xf2 ? 8 : 16;
    case 0x28: // movaps
    case 0x29:
      return 16;
    case 0x6f: // movq mm, movdqa, movdqu
    case 0x7f:
      return mandatory === mandatoryNone ? 8 : 16;
    default:
      return undefined;
  }
}

/** VEX-coded moves: the same opcodes, 32 bytes where the L bit is set. */
function vexSize(code: Uint8Array, at: number): number | undefined {
  const long = code[at] === 0xc4;
  const last = code[at + (long ? 2 : 1)];
  const opcode = code[at + (long ? 3 : 2)];
  if (last === undefined || opcode === undefined || (long && (code[at + 1]! & 31) !== 1)) return undefined;
  const scalar = { 2: 4, 3: 8 }[last & 3];
  const vector = (last & 4) !== 0 ? 32 : 16;
  if (opcode === 0x10 || opcode === 0x11) return scalar ?? vector;
  if (opcode === 0x28 || opcode === 0x29) return vector;
  return (opcode === 0x6f || opcode === 0x7f) && (last & 3) !== 0 ? vector : undefined;
}
