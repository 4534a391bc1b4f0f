/**
 * Makes vm/interpreter/loop-v3.ts, the interpreter's loop for V3, from loop.ts, that of Sista V1; run by setup.mjs. Most of what V3 has means the same under
 * another number, so a case is kept with V3's numbers, or left out where V3 has none for it; what only V3 has is added. Two loops
 * rather than one with a table between, because that table cost a quarter of the speed of both.
 *
 * Contract with loop.ts: labels of the switch stand alone on lines of that indentation, and a case uses the number of its bytecode
 * only under a mask that holds in both sets, or compares it to one of its own labels.
 * Source of the encoding: the class comment of EncoderForV3PlusClosures in Squeak.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'vm', 'interpreter');

/** [first bytecode of V3, last, the bytecode of Sista V1 that means the same as the first]. */
const SAME = [
  [0x00, 0x0f, 0],
  [0x10, 0x1b, 64],
  [0x20, 0x3f, 32],
  [0x40, 0x4f, 16],
  [0x60, 0x6f, 200],
  [0x70, 0x73, 76],
  [0x75, 0x76, 80],
  [0x78, 0x7c, 88],
  [0x7d, 0x7d, 94],
  [0x87, 0x87, 216],
  [0x88, 0x88, 83],
  [0x89, 0x89, 82],
  [0x8a, 0x8a, 231],
  [0x8b, 0x8b, 248],
  [0x8c, 0x8e, 251],
  [0x90, 0x97, 176],
  [0x98, 0x9f, 192],
  [0xb0, 0xc7, 96],
  [0xc9, 0xcf, 121],
  [0xd0, 0xff, 128],
];
/** V3 has temps 12 to 15 in one byte as well: the same case, under the same mask. */
const LAST_SHORT_TEMP = 75;
const FURTHER_TEMPS = [0x1c, 0x1d, 0x1e, 0x1f];
const LABEL = /^ {12}case (\d+):( \{)?$/;
const SWITCH = '          switch (bytecode) {';
const DEFAULT = '            default:';
const run = (first, last) =>
  Array.from({ length: last - first + 1 }, (_, i) => `            case ${first + i}:`).join('\n');
/** What only V3 has. */
const V3_CASES = `
            // V3 only
${run(0x50, 0x5f)}
              i32[++sp] = i32[(i32[literals + (bytecode & 31)]! >> 2) + BODY + AssociationSlot.VALUE]!;
              continue;
            case 116:
              i32[++sp] = -1;
              continue;
            case 119:
              i32[++sp] = 5;
              continue;
            case 128:
              value = u8[pc++]!;
              if (value < 64) i32[++sp] = i32[(receiver >> 2) + BODY + value]!;
              else if (value < 128) i32[++sp] = i32[base + (value & 63)]!;
              else if (value < 192) i32[++sp] = i32[literals + (value & 63)]!;
              else i32[++sp] = i32[(i32[literals + (value & 63)]! >> 2) + BODY + AssociationSlot.VALUE]!;
              continue;
            case 129:
            case 130: {
              const operand = u8[pc++]!;
              value = i32[sp]!;
              if (bytecode === 130) sp--;
              if (operand >> 6 === 1) {
                i32[base + (operand & 63)] = value;
                continue;
              }
              const object = operand < 64 ? receiver : i32[literals + (operand & 63)]!;
              const index = operand < 64 ? operand : AssociationSlot.VALUE;
              if ((i32[object >> 2]! & IMMUTABLE_BIT) === 0) {
                memory.storePointer(object as Oop, index, value as Oop);
                continue;
              }
              vm.pc = pc;
              vm.sp = sp;
              attemptToAssign(vm, object as Oop, index, value as Oop);
              continue reload;
            }
            case 131:
              value = u8[pc++]!;
              selector = i32[literals + (value & 31)]!;
              argumentCount = value >> 5;
              break sending;
            case 132: {
              const operand = u8[pc++]!;
              const index = u8[pc++]!;
              const kind = operand >> 5;
              if (kind < 2) {
                selector = i32[literals + index]!;
                argumentCount = operand & 31;
                if (kind === 1) lookupClass = vm.superclassOfRunningMethod();
                break sending;
              }
              if (kind < 5) {
                if (kind === 2) i32[++sp] = i32[(receiver >> 2) + BODY + index]!;
                else if (kind === 3) i32[++sp] = i32[literals + index]!;
                else i32[++sp] = i32[(i32[literals + index]! >> 2) + BODY + AssociationSlot.VALUE]!;
                continue;
              }
              const object = kind === 7 ? i32[literals + index]! : receiver;
              const slot = kind === 7 ? AssociationSlot.VALUE : index;
              value = i32[sp]!;
              if (kind === 6) sp--;
              if ((i32[object >> 2]! & IMMUTABLE_BIT) === 0) {
                memory.storePointer(object as Oop, slot, value as Oop);
                continue;
              }
              vm.pc = pc;
              vm.sp = sp;
              attemptToAssign(vm, object as Oop, slot, value as Oop);
              continue reload;
            }
            case 133:
              value = u8[pc++]!;
              selector = i32[literals + (value & 31)]!;
              argumentCount = value >> 5;
              vm.pc = pc;
              vm.sp = sp;
              lookupClass = vm.superclassOfRunningMethod();
              break sending;
            case 134:
              value = u8[pc++]!;
              selector = i32[literals + (value & 63)]!;
              argumentCount = value >> 6;
              break sending;
            case 143:
              vm.pc = pc + 3;
              vm.sp = sp;
              makeBlockClosure(vm, u8[pc]! >> 4, u8[pc]! & 15);
              sp = vm.sp;
              pc += 3 + (u8[pc + 1]! << 8) + u8[pc + 2]!;
              continue;
${run(0xa0, 0xa7)}
              value = (((bytecode & 7) - 4) << 8) + u8[pc]!;
              pc += 1 + value;
              if (value < 0 && (--safepoint.countdown <= 0 || memory.collectionWanted)) {
                vm.pc = pc;
                vm.sp = sp;
                continue reload;
              }
              continue;
${run(0xa8, 0xaf)}
              value = i32[sp--]!;
              pc++;
              if (value === (bytecode < 172 ? trueOop : falseOop)) pc += ((bytecode & 3) << 8) + u8[pc - 1]!;
              else if (value !== trueOop && value !== falseOop) {
                vm.pc = pc;
                vm.sp = sp;
                mustBeBoolean(vm, value as Oop);
                continue reload;
              }
              continue;
            case 200:
              break;
`;
/** The text of loop-v3.ts, given that of loop.ts. */
function generate(source) {
  const start = source.indexOf(SWITCH);
  const end = source.indexOf(DEFAULT);
  if (start < 0 || end < start) throw new Error('vm/interpreter/loop.ts has no switch over the bytecode');
  const cases = translateCases(source.slice(start + SWITCH.length, end).replace(PREFIX_TEST, ''));
  return [
    HEADER,
    adapt(source.slice(source.indexOf('import '), start)),
    SWITCH,
    cases.trimEnd(),
    V3_CASES,
    adapt(source.slice(end)),
  ].join('');
}
const HEADER = `/**
 * The interpreter's loop for V3, with closures and with Blue Book blocks. Made from loop.ts by tools/make-v3-loop.mjs
 * when the project is set up. What is said in loop.ts holds here.
 */
`;
/** The places outside the cases where the two sets differ. Each must be there. */
const ADAPTATIONS = [
  ['const SPECIAL_SENDS = 96;', 'const SPECIAL_SENDS = 176;'],
  ['a method of V3 is active', 'a method of Sista V1 is active'],
  ['interpretSista', 'interpretV3'],
  ['if (i32[literals - 1]! >= 0) return;', 'if (i32[literals - 1]! < 0) return;'],
  ['memory.collectionWanted || header >= 0', 'memory.collectionWanted || header < 0'],
  ['if (i32[literals - 1]! >= 0) {', 'if (i32[literals - 1]! < 0) {'],
  ['  branchByClass,\n', ''],
  ['  makeClosure,\n', ''],
  [
    '    let base = slots + ContextSlot.STACK;\n    let method = i32[slots + ContextSlot.METHOD]!;',
    '    // A Blue Book block runs on the temps of its home.\n    const home = (homeOf(memory, context as Oop) >> 2) + BODY;\n    let base = home + ContextSlot.STACK;\n    let method = i32[home + ContextSlot.METHOD]!;',
  ],
  ['    let receiver = i32[slots + ContextSlot.RECEIVER]!;', '    let receiver = i32[home + ContextSlot.RECEIVER]!;'],
  ['import {\n  CLASS_INDEX_MASK,', "import { homeOf } from '../memory/contexts.ts';\nimport {\n  CLASS_INDEX_MASK,"],
  ['    let extA = 0;\n    let extB = 0;\n    let extended = false;\n', ''],
];
/** V3 has no prefixes, and no branch on classes. */
const PREFIX_TEST = / {14}if \(\(extA \| extB\) !== 0\) \{\n(?: {16}.*\n)* {14}\}\n/g;
const PREFIX_STORE = /^ +(extA|extB|extended) = /;
const PREFIX_CHOICE = /extB === 0 \? ([^:]+) : [^;]+/;
function adapt(text) {
  return ADAPTATIONS.reduce((adapted, [from, to]) => adapted.replaceAll(from, to), text);
}
function translateCases(text) {
  const numbers = v3Numbers();
  const lines = [];
  let labels = [];
  let isKept = true;
  let inLabels = false;
  for (const line of text.split('\n')) {
    const label = LABEL.exec(line);
    if (label !== null) {
      if (!inLabels) labels = [];
      inLabels = true;
      const translated = numbers.get(Number(label[1])) ?? [];
      labels.push(...translated.map((number) => `            case ${number}:`));
      if (label[2] !== undefined && labels.length > 0) labels.push(`${labels.pop()} {`);
      continue;
    }
    if (inLabels) {
      isKept = labels.length > 0;
      inLabels = false;
      lines.push(...labels);
    }
    if (PREFIX_STORE.test(line)) continue;
    if (isKept || line.startsWith('            //')) lines.push(withV3Numbers(line, numbers));
  }
  return lines.join('\n').replace(/( {12}\/\/.*\n)+(?= {12}\/\/)/g, '');
}
/** A comparison of the bytecode to one of the case's own labels. */
function withV3Numbers(line, numbers) {
  return line
    .replace(PREFIX_CHOICE, '$1')
    .replace(/bytecode === (\d+)/g, (_, number) => `bytecode === ${numbers.get(Number(number))?.[0]}`);
}
/** By a bytecode of Sista V1, those of V3. */
function v3Numbers() {
  const numbers = new Map();
  for (const [first, last, sista] of SAME)
    for (let number = first; number <= last; number++) numbers.set(sista + number - first, [number]);
  numbers.get(LAST_SHORT_TEMP).push(...FURTHER_TEMPS);
  return numbers;
}

writeFileSync(join(folder, 'loop-v3.ts'), generate(readFileSync(join(folder, 'loop.ts'), 'utf8')));
