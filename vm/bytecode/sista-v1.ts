/**
 * Sista V1, the instruction set of our images and of Pharo, Squeak and Cuis today: the one table from which decoder,
 * disassembler, stack checker, compiler and documentation take what a bytecode is.
 *
 * A row stands for a range of bytecodes with one meaning (instruction.ts). Bytecodes 0 to 223 are one byte long, 224 to 247 two,
 * 248 to 255 three.
 *
 * Prefixes: ExtA (224) is unsigned, ExtB (225) is signed by its first byte; each further prefix shifts the value by 8 bits.
 * The next bytecode that is no prefix uses up both. Source: class comment of EncoderForSistaV1 (Bera, Miranda).
 */
import {
  type BytecodeRange,
  bytecodeSet,
  type Encoded,
  type Indexed,
  type InstructionDefinition,
  instruction,
  NO_OPERAND,
  type Operand,
  type RowOptions,
  SEND,
  SEND_EFFECTS,
  short,
  shortJump,
  shortSend,
  specialSend,
  undefinedBytecodes,
} from './instruction.ts';
import { FIRST_SPECIAL_SEND, SPECIAL_SELECTORS } from './special-selectors.ts';

/** A row, whose length its first bytecode tells. */
function row(range: BytecodeRange, name: string, stackEffect: string, options: RowOptions = {}): InstructionDefinition {
  const first = typeof range === 'number' ? range : range[0];
  return instruction(range, name, stackEffect, { length: first < 224 ? 1 : first < 248 ? 2 : 3, ...options });
}

/** The index is the second byte, extended by ExtA where the row takes one. */
const long =
  (kind: Indexed) =>
  ({ byte1, extA }: Encoded): Operand => ({ kind, index: byte1 + extA * 256 });
const remoteTemp = ({ byte1, byte2 }: Encoded): Operand => ({ kind: 'remoteTemp', index: byte1, vector: byte2 & 127 });
const longJump = ({ byte1, extB }: Encoded): Operand => ({ kind: 'jump', distance: byte1 + extB * 256 });
const sistaSend = specialSend(FIRST_SPECIAL_SEND);

/** Bytecodes 112 to 127 differ in how many arguments they take: one row for each run with the same stack effect. */
function specialSendRows(): InstructionDefinition[] {
  const rows: InstructionDefinition[] = [];
  for (let first = 112, last = 112; first <= 127; first = ++last) {
    const { argumentCount } = SPECIAL_SELECTORS[first - FIRST_SPECIAL_SEND]!;
    while (last < 127 && SPECIAL_SELECTORS[last + 1 - FIRST_SPECIAL_SEND]!.argumentCount === argumentCount) last++;
    rows.push(row([first, last], 'sendSpecial', SEND_EFFECTS[argumentCount]!, { ...SEND, operand: sistaSend }));
  }
  return rows;
}

/** All 256, in order, without gaps (a test checks it). */
export const INSTRUCTIONS: readonly InstructionDefinition[] = [
  row([0, 15], 'pushReceiverVariable', '( -- value )', { operand: short('receiverVariable', 0), pushes: 1 }),
  row([16, 31], 'pushLiteralVariable', '( -- value )', { operand: short('literalVariable', 16), pushes: 1 }),
  row([32, 63], 'pushLiteral', '( -- literal )', { operand: short('literal', 32), pushes: 1 }),
  row([64, 75], 'pushTemp', '( -- value )', { operand: short('temp', 64), pushes: 1 }),
  row(76, 'pushReceiver', '( -- receiver )', { pushes: 1 }),
  row(77, 'pushTrue', '( -- true )', { pushes: 1 }),
  row(78, 'pushFalse', '( -- false )', { pushes: 1 }),
  row(79, 'pushNil', '( -- nil )', { pushes: 1 }),
  row(80, 'pushZero', '( -- 0 )', { pushes: 1 }),
  row(81, 'pushOne', '( -- 1 )', { pushes: 1 }),
  row(82, 'pushThisContext', '( -- context )', { extensions: 'B', pushes: 1 }),
  row(83, 'duplicateTop', '( value -- value value )', { pops: 1, pushes: 2 }),
  undefinedBytecodes([84, 87]),
  row(88, 'returnReceiver', '( -- )', { flow: 'return' }),
  row(89, 'returnTrue', '( -- )', { flow: 'return' }),
  row(90, 'returnFalse', '( -- )', { flow: 'return' }),
  row(91, 'returnNil', '( -- )', { flow: 'return' }),
  row(92, 'returnTop', '( value -- )', { flow: 'return', pops: 1 }),
  row(93, 'blockReturnNil', '( -- )', { flow: 'blockReturn' }),
  row(94, 'blockReturnTop', '( value -- )', {
    flow: 'blockReturn',
    extensions: 'AB',
    pops: 1,
    operand: ({ extA, extB }) =>
      extA === 0 && extB === 0 ? NO_OPERAND : { kind: 'enclosing', levels: extA, distance: extB },
  }),
  row(95, 'nop', '( -- )', { extensions: 'B' }),
  row([96, 111], 'sendArithmetic', '( receiver arg -- result )', { ...SEND, operand: sistaSend }),
  ...specialSendRows(),
  row([128, 143], 'send', '( receiver -- result )', { ...SEND, operand: shortSend(128, 0) }),
  row([144, 159], 'send', '( receiver arg -- result )', { ...SEND, operand: shortSend(144, 1) }),
  row([160, 175], 'send', '( receiver arg1 arg2 -- result )', { ...SEND, operand: shortSend(160, 2) }),
  row([176, 183], 'jump', '( -- )', { flow: 'jump', operand: shortJump(176) }),
  row([184, 191], 'popJumpTrue', '( boolean -- )', { flow: 'branch', operand: shortJump(184), pops: 1 }),
  row([192, 199], 'popJumpFalse', '( boolean -- )', { flow: 'branch', operand: shortJump(192), pops: 1 }),
  row([200, 207], 'popIntoReceiverVariable', '( value -- )', { operand: short('receiverVariable', 200), pops: 1 }),
  row([208, 215], 'popIntoTemp', '( value -- )', { operand: short('temp', 208), pops: 1 }),
  row(216, 'pop', '( value -- )', { pops: 1 }),
  row(217, 'trap', '( -- )', { flow: 'return' }),
  undefinedBytecodes([218, 223]),
  row(224, 'extendA', '( -- )', { flow: 'prefix' }),
  row(225, 'extendB', '( -- )', { flow: 'prefix' }),
  row(226, 'pushReceiverVariable', '( -- value )', { extensions: 'A', operand: long('receiverVariable'), pushes: 1 }),
  row(227, 'pushLiteralVariable', '( -- value )', { extensions: 'A', operand: long('literalVariable'), pushes: 1 }),
  row(228, 'pushLiteral', '( -- literal )', { extensions: 'A', operand: long('literal'), pushes: 1 }),
  row(229, 'pushTemp', '( -- value )', { operand: long('temp'), pushes: 1 }),
  // Makes room for temps of a block within its method; the set's later editions have it no more.
  row(230, 'pushNils', '( -- nils )', {
    operand: ({ byte1 }) => ({ kind: 'integer', value: byte1 }),
    pushes: (operand) => (operand.kind === 'integer' ? operand.value : 0),
  }),
  row(231, 'pushArray', '( elements -- array )', {
    operand: ({ byte1 }) => ({ kind: 'array', size: byte1 & 127, popsElements: byte1 > 127 }),
    pops: (operand) => (operand.kind === 'array' && operand.popsElements ? operand.size : 0),
    pushes: 1,
  }),
  row(232, 'pushInteger', '( -- integer )', {
    extensions: 'B',
    operand: ({ byte1, extB }) => ({ kind: 'integer', value: byte1 + extB * 256 }),
    pushes: 1,
  }),
  row(233, 'pushCharacter', '( -- character )', {
    extensions: 'B',
    operand: ({ byte1, extB }) => ({ kind: 'character', value: byte1 + extB * 256 }),
    pushes: 1,
  }),
  row(234, 'send', '( receiver args -- result )', {
    ...SEND,
    extensions: 'AB',
    operand: ({ byte1, extA, extB }) => ({
      kind: 'send',
      index: (byte1 >> 3) + extA * 32,
      argumentCount: (byte1 & 7) + extB * 8,
    }),
  }),
  row(235, 'superSend', '( receiver args -- result )', {
    ...SEND,
    extensions: 'AB',
    operand: ({ byte1, extA, extB }) => ({
      kind: extB < 64 ? 'superSend' : 'directedSuperSend',
      index: (byte1 >> 3) + extA * 32,
      argumentCount: (byte1 & 7) + (extB & 63) * 8,
    }),
  }),
  // Pharo's short form of an inlined primitive: what the numbers mean is up to its VM, so here it is an error to run it.
  row(236, 'callMappedInlinedPrimitive', '( -- )', {
    flow: 'undefined',
    operand: ({ byte1 }) => ({ kind: 'primitive', number: byte1, isInlined: true }),
  }),
  row(237, 'jump', '( -- )', { flow: 'jump', extensions: 'B', operand: longJump }),
  row(238, 'popJumpTrue', '( boolean -- )', { flow: 'branch', extensions: 'AB', operand: longJump, pops: 1 }),
  row(239, 'popJumpFalse', '( boolean -- )', { flow: 'branch', extensions: 'AB', operand: longJump, pops: 1 }),
  row(240, 'popIntoReceiverVariable', '( value -- )', { extensions: 'AB', operand: long('receiverVariable'), pops: 1 }),
  row(241, 'popIntoLiteralVariable', '( value -- )', { extensions: 'AB', operand: long('literalVariable'), pops: 1 }),
  row(242, 'popIntoTemp', '( value -- )', { operand: long('temp'), pops: 1 }),
  row(243, 'storeReceiverVariable', '( value -- value )', {
    extensions: 'AB',
    operand: long('receiverVariable'),
    pops: 1,
    pushes: 1,
  }),
  row(244, 'storeLiteralVariable', '( value -- value )', {
    extensions: 'AB',
    operand: long('literalVariable'),
    pops: 1,
    pushes: 1,
  }),
  row(245, 'storeTemp', '( value -- value )', { operand: long('temp'), pops: 1, pushes: 1 }),
  undefinedBytecodes([246, 247], 2),
  row(248, 'callPrimitive', '( -- )', {
    extensions: 'AB',
    operand: ({ byte1, byte2 }) => ({
      kind: 'primitive',
      number: byte1 + (byte2 & 31) * 256,
      isInlined: byte2 > 127,
    }),
    // Inlined, it is `( args -- result )`: such primitives are numbered by arity, the receiver included.
    pops: (operand) => (operand.kind === 'primitive' && operand.isInlined ? Math.floor(operand.number / 1000) : 0),
    pushes: (operand) => (operand.kind === 'primitive' && operand.isInlined ? 1 : 0),
  }),
  row(249, 'pushFullClosure', '( copied -- closure )', {
    extensions: 'A',
    operand: ({ byte1, byte2, extA }) => ({
      kind: 'closure',
      index: byte1 + extA * 256,
      copiedCount: byte2 & 63,
      receiverOnStack: (byte2 & 128) !== 0,
      ignoreOuterContext: (byte2 & 64) !== 0,
    }),
    pops: (operand) => (operand.kind === 'closure' ? operand.copiedCount + (operand.receiverOnStack ? 1 : 0) : 0),
    pushes: 1,
  }),
  // Closures whose code lies inside their method, as V3 has them: compilers emitted them before full closures came.
  row(250, 'pushClosure', '( copied -- closure )', {
    extensions: 'AB',
    operand: ({ byte1, byte2, extA, extB }) => ({
      kind: 'innerClosure',
      argumentCount: (byte1 & 7) + (extA & 15) * 8,
      copiedCount: ((byte1 >> 3) & 7) + (extA >> 4) * 8,
      blockSize: byte2 + extB * 256,
    }),
    pops: (operand) => (operand.kind === 'innerClosure' ? operand.copiedCount : 0),
    pushes: 1,
  }),
  row(251, 'pushRemoteTemp', '( -- value )', { operand: remoteTemp, pushes: 1 }),
  row(252, 'storeRemoteTemp', '( value -- value )', { extensions: 'B', operand: remoteTemp, pops: 1, pushes: 1 }),
  row(253, 'popIntoRemoteTemp', '( value -- )', { extensions: 'B', operand: remoteTemp, pops: 1 }),
  // A type test that only optimisers emit. The literal is a class or an Array of them; with a negative ExtB it jumps where the
  // value is an instance, else where it is none.
  row(254, 'popBranchOnClass', '( value -- )', {
    flow: 'branch',
    extensions: 'AB',
    operand: ({ byte1, byte2, extA, extB }) => ({
      kind: 'classBranch',
      index: byte1 + extA * 256,
      distance: byte2 + (extB & 127) * 256,
      ifInstance: extB < 0,
    }),
    pops: 1,
  }),
  undefinedBytecodes(255, 3),
];

export const SISTA_V1 = bytecodeSet('Sista V1', INSTRUCTIONS);

/** The row of a bytecode, 0 to 255. */
export const { definitionOf } = SISTA_V1;

/** ExtA after one more prefix byte. */
export const nextExtA = (previous: number, byte: number): number => previous * 256 + byte;

/** ExtB after one more prefix byte; `prefixCount` is how many came before it. */
export const nextExtB = (previous: number, prefixCount: number, byte: number): number =>
  prefixCount === 0 && byte > 127 ? byte - 256 : previous * 256 + byte;

/** Bytecodes by the name under which the compiler emits them. */
export const Bytecode = {
  PUSH_RECEIVER_VARIABLE: 0,
  PUSH_LITERAL_VARIABLE: 16,
  PUSH_LITERAL: 32,
  PUSH_TEMP: 64,
  PUSH_RECEIVER: 76,
  PUSH_TRUE: 77,
  PUSH_FALSE: 78,
  PUSH_NIL: 79,
  PUSH_ZERO: 80,
  PUSH_ONE: 81,
  PUSH_THIS_CONTEXT: 82,
  DUPLICATE_TOP: 83,
  RETURN_RECEIVER: 88,
  RETURN_TRUE: 89,
  RETURN_FALSE: 90,
  RETURN_NIL: 91,
  RETURN_TOP: 92,
  BLOCK_RETURN_NIL: 93,
  BLOCK_RETURN_TOP: 94,
  SEND_IDENTICAL: 118,
  SEND_0: 128,
  SEND_1: 144,
  SEND_2: 160,
  JUMP: 176,
  POP_JUMP_TRUE: 184,
  POP_JUMP_FALSE: 192,
  POP_INTO_RECEIVER_VARIABLE: 200,
  POP_INTO_TEMP: 208,
  POP: 216,
  EXTEND_A: 224,
  EXTEND_B: 225,
  LONG_PUSH_RECEIVER_VARIABLE: 226,
  LONG_PUSH_LITERAL_VARIABLE: 227,
  LONG_PUSH_LITERAL: 228,
  LONG_PUSH_TEMP: 229,
  PUSH_ARRAY: 231,
  PUSH_INTEGER: 232,
  PUSH_CHARACTER: 233,
  LONG_SEND: 234,
  SUPER_SEND: 235,
  LONG_JUMP: 237,
  LONG_POP_JUMP_TRUE: 238,
  LONG_POP_JUMP_FALSE: 239,
  LONG_POP_INTO_RECEIVER_VARIABLE: 240,
  POP_INTO_LITERAL_VARIABLE: 241,
  LONG_POP_INTO_TEMP: 242,
  STORE_RECEIVER_VARIABLE: 243,
  STORE_LITERAL_VARIABLE: 244,
  STORE_TEMP: 245,
  CALL_PRIMITIVE: 248,
  PUSH_FULL_CLOSURE: 249,
  PUSH_REMOTE_TEMP: 251,
  STORE_REMOTE_TEMP: 252,
  POP_INTO_REMOTE_TEMP: 253,
} as const;
