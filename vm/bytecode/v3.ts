/**
 * V3, the instruction set of Squeak and Pharo before Sista V1, with closures and with Blue Book blocks: a row a range of bytecodes, as in
 * sista-v1.ts. No prefixes; the length is 1 to 4 bytes, and says nothing by the bytecode's number.
 *
 * The two meanings of 138 to 143 do not meet: images with Blue Book blocks leave them unused. Source: class comments of
 * EncoderForV3 and EncoderForV3PlusClosures in Squeak; Blue Book chapter 28.
 */
import {
  bytecodeSet,
  type Encoded,
  type Indexed,
  type InstructionDefinition,
  type Operand,
  popsOfSend,
  instruction as row,
  SEND,
  SEND_EFFECTS,
  short,
  shortJump,
  shortSend,
  specialSend,
  undefinedBytecodes,
} from './instruction.ts';
import { SPECIAL_SELECTORS } from './special-selectors.ts';

const FIRST_SPECIAL_SEND = 176;
const v3Send = specialSend(FIRST_SPECIAL_SEND);

/** The kind in the upper two bits of the second byte, the index in the others. */
const extendedKinds: readonly Indexed[] = ['receiverVariable', 'temp', 'literal', 'literalVariable'];
const extended = ({ byte1 }: Encoded): Operand => ({ kind: extendedKinds[byte1 >> 6]!, index: byte1 & 63 });
const sendOf = (kind: 'send' | 'superSend', index: number, argumentCount: number): Operand => ({
  kind,
  index,
  argumentCount,
});
const longJump =
  (base: number, bias: number) =>
  ({ bytecode, byte1 }: Encoded): Operand => ({ kind: 'jump', distance: (bytecode - base - bias) * 256 + byte1 });
const remoteTemp = ({ byte1, byte2 }: Encoded): Operand => ({ kind: 'remoteTemp', index: byte1, vector: byte2 });

/** Second byte: what to do in the upper three bits, an argument count in the others. Third byte: an index. */
function doubleExtended({ byte1, byte2: index }: Encoded): Operand {
  switch (byte1 >> 5) {
    case 0:
      return sendOf('send', index, byte1 & 31);
    case 1:
      return sendOf('superSend', index, byte1 & 31);
    case 2:
      return { kind: 'receiverVariable', index, access: 'push' };
    case 3:
      return { kind: 'literal', index, access: 'push' };
    case 4:
      return { kind: 'literalVariable', index, access: 'push' };
    case 5:
      return { kind: 'receiverVariable', index, access: 'store' };
    case 6:
      return { kind: 'receiverVariable', index, access: 'popInto' };
    default:
      return { kind: 'literalVariable', index, access: 'store' };
  }
}
const accessOf = (operand: Operand) => ('access' in operand ? operand.access : undefined);

const specialSends = (first: number, last: number): InstructionDefinition[] =>
  Array.from({ length: last - first + 1 }, (_, i) => {
    const { argumentCount } = SPECIAL_SELECTORS[first + i - FIRST_SPECIAL_SEND]!;
    return row(first + i, 'sendSpecial', SEND_EFFECTS[argumentCount]!, { ...SEND, operand: v3Send });
  });

/** All 256, in order, without gaps (a test checks it). */
export const V3_INSTRUCTIONS: readonly InstructionDefinition[] = [
  row([0, 15], 'pushReceiverVariable', '( -- value )', { operand: short('receiverVariable', 0), pushes: 1 }),
  row([16, 31], 'pushTemp', '( -- value )', { operand: short('temp', 16), pushes: 1 }),
  row([32, 63], 'pushLiteral', '( -- literal )', { operand: short('literal', 32), pushes: 1 }),
  row([64, 95], 'pushLiteralVariable', '( -- value )', { operand: short('literalVariable', 64), pushes: 1 }),
  row([96, 103], 'popIntoReceiverVariable', '( value -- )', { operand: short('receiverVariable', 96), pops: 1 }),
  row([104, 111], 'popIntoTemp', '( value -- )', { operand: short('temp', 104), pops: 1 }),
  row(112, 'pushReceiver', '( -- receiver )', { pushes: 1 }),
  row(113, 'pushTrue', '( -- true )', { pushes: 1 }),
  row(114, 'pushFalse', '( -- false )', { pushes: 1 }),
  row(115, 'pushNil', '( -- nil )', { pushes: 1 }),
  row(116, 'pushMinusOne', '( -- -1 )', { pushes: 1 }),
  row(117, 'pushZero', '( -- 0 )', { pushes: 1 }),
  row(118, 'pushOne', '( -- 1 )', { pushes: 1 }),
  row(119, 'pushTwo', '( -- 2 )', { pushes: 1 }),
  row(120, 'returnReceiver', '( -- )', { flow: 'return' }),
  row(121, 'returnTrue', '( -- )', { flow: 'return' }),
  row(122, 'returnFalse', '( -- )', { flow: 'return' }),
  row(123, 'returnNil', '( -- )', { flow: 'return' }),
  row(124, 'returnTop', '( value -- )', { flow: 'return', pops: 1 }),
  row(125, 'blockReturnTop', '( value -- )', { flow: 'blockReturn', pops: 1 }),
  undefinedBytecodes([126, 127]),
  row(128, 'pushExtended', '( -- value )', { length: 2, operand: extended, pushes: 1 }),
  row(129, 'storeExtended', '( value -- value )', { length: 2, operand: extended, pops: 1, pushes: 1 }),
  row(130, 'popIntoExtended', '( value -- )', { length: 2, operand: extended, pops: 1 }),
  row(131, 'send', '( receiver args -- result )', {
    ...SEND,
    length: 2,
    operand: ({ byte1 }) => sendOf('send', byte1 & 31, byte1 >> 5),
  }),
  row(132, 'doubleExtended', '( operands -- result )', {
    length: 3,
    flow: 'send',
    operand: doubleExtended,
    pops: (operand) => (accessOf(operand) === undefined ? popsOfSend(operand) : accessOf(operand) === 'push' ? 0 : 1),
    pushes: (operand) => (accessOf(operand) === 'popInto' ? 0 : 1),
  }),
  row(133, 'superSend', '( receiver args -- result )', {
    ...SEND,
    length: 2,
    operand: ({ byte1 }) => sendOf('superSend', byte1 & 31, byte1 >> 5),
  }),
  row(134, 'send', '( receiver args -- result )', {
    ...SEND,
    length: 2,
    operand: ({ byte1 }) => sendOf('send', byte1 & 63, byte1 >> 6),
  }),
  row(135, 'pop', '( value -- )', { pops: 1 }),
  row(136, 'duplicateTop', '( value -- value value )', { pops: 1, pushes: 2 }),
  row(137, 'pushThisContext', '( -- context )', { pushes: 1 }),
  row(138, 'pushArray', '( elements -- array )', {
    length: 2,
    operand: ({ byte1 }) => ({ kind: 'array', size: byte1 & 127, popsElements: byte1 > 127 }),
    pops: (operand) => (operand.kind === 'array' && operand.popsElements ? operand.size : 0),
    pushes: 1,
  }),
  row(139, 'callPrimitive', '( -- )', {
    length: 3,
    operand: ({ byte1, byte2 }) => ({ kind: 'primitive', number: byte1 + byte2 * 256, isInlined: false }),
  }),
  row(140, 'pushRemoteTemp', '( -- value )', { length: 3, operand: remoteTemp, pushes: 1 }),
  row(141, 'storeRemoteTemp', '( value -- value )', { length: 3, operand: remoteTemp, pops: 1, pushes: 1 }),
  row(142, 'popIntoRemoteTemp', '( value -- )', { length: 3, operand: remoteTemp, pops: 1 }),
  row(143, 'pushClosure', '( copied -- closure )', {
    length: 4,
    operand: ({ byte1, byte2, byte3 = 0 }) => ({
      kind: 'innerClosure',
      argumentCount: byte1 & 15,
      copiedCount: byte1 >> 4,
      blockSize: byte2 * 256 + byte3,
    }),
    pops: (operand) => (operand.kind === 'innerClosure' ? operand.copiedCount : 0),
    pushes: 1,
  }),
  row([144, 151], 'jump', '( -- )', { flow: 'jump', operand: shortJump(144) }),
  row([152, 159], 'popJumpFalse', '( boolean -- )', { flow: 'branch', operand: shortJump(152), pops: 1 }),
  row([160, 167], 'jump', '( -- )', { length: 2, flow: 'jump', operand: longJump(160, 4) }),
  row([168, 171], 'popJumpTrue', '( boolean -- )', { length: 2, flow: 'branch', operand: longJump(168, 0), pops: 1 }),
  row([172, 175], 'popJumpFalse', '( boolean -- )', { length: 2, flow: 'branch', operand: longJump(172, 0), pops: 1 }),
  row([176, 191], 'sendArithmetic', '( receiver arg -- result )', { ...SEND, operand: v3Send }),
  ...specialSends(192, 199),
  row(200, 'sendBlockCopy', '( context count -- block )', { flow: 'send', pops: 2, pushes: 1 }),
  ...specialSends(201, 207),
  row([208, 223], 'send', '( receiver -- result )', { ...SEND, operand: shortSend(208, 0) }),
  row([224, 239], 'send', '( receiver arg -- result )', { ...SEND, operand: shortSend(224, 1) }),
  row([240, 255], 'send', '( receiver arg1 arg2 -- result )', { ...SEND, operand: shortSend(240, 2) }),
];

export const V3 = bytecodeSet('V3', V3_INSTRUCTIONS);
