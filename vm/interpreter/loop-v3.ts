/**
 * The interpreter's loop for V3, with closures and with Blue Book blocks. Made from loop.ts by v3-loop-generator.ts:
 * `node setup.mjs --generate` writes it anew. What is said in loop.ts holds here.
 */
import { homeOf } from '../memory/contexts.ts';
import {
  CLASS_INDEX_MASK,
  FORMAT_MASK,
  FORMAT_SHIFT,
  Format,
  HASH_MASK,
  IMMUTABLE_BIT,
  OVERFLOW_SLOTS,
  SLOT_COUNT_SHIFT,
} from '../memory/header.ts';
import { NO_OOP, type Oop } from '../memory/oop.ts';
import { AssociationSlot, ClassIndex, ClosureSlot, ContextSlot, SpecialObject } from '../memory/well-known.ts';
import { LARGE_CONTEXT_SLOTS, SEEN_BY_CLOSURE, SMALL_CONTEXT_SLOTS } from './context-pool.ts';
import { floatArithmetic } from './float-fast-path.ts';
import { runInlinedPrimitive } from './inlined-primitives.ts';
import type { Interpreter } from './interpreter.ts';
import { CACHE_ENTRIES } from './method-cache.ts';
import { FIRST_QUICK_PRIMITIVE, LAST_QUICK_PRIMITIVE } from './primitive-table.ts';
import {
  attemptToAssign,
  makeBlockClosure,
  mustBeBoolean,
  pushNewArray,
  quickReturnValue,
  unknownBytecode,
} from './rare-bytecodes.ts';
import { nonLocalReturn, returnToSender } from './returns.ts';
import { StopReason } from './stop-reason.ts';

/** First special send, `+`. */
const SPECIAL_SENDS = 176;
/** The special selector #at:put:. */
const AT_PUT = 17;
/** Word index of an object's first slot, from its oop shifted by 2. */
const BODY = 2;
const LARGE_FRAME_BIT = 1 << 17;
const FIRST_VALUE_PRIMITIVE = 201;
const LAST_VALUE_PRIMITIVE = 207;
const VALUE_WITH_ARGUMENTS_PRIMITIVE = 206;
const NO_LOOKUP_CLASS = -1;

/** True for the oop of a compiled method or block: a closure that a program put together might hold anything. */
const isCode = (i32: Int32Array, oop: number): boolean =>
  (oop & 3) === 0 && ((i32[oop >> 2]! >> FORMAT_SHIFT) & FORMAT_MASK) >= Format.COMPILED_METHOD;

/** Runs until `vm.stop` says to leave off, or a method of Sista V1 is active. Contract: the registers are read from the active context. */
export function interpretV3(vm: Interpreter): void {
  const memory = vm.memory;
  const cache = vm.cache.words;
  const contexts = vm.contexts;
  const safepoint = vm.safepoint;

  reload: for (;;) {
    vm.registersChanged = false;
    if (vm.stop !== StopReason.NONE) return;
    if (memory.collectionWanted || safepoint.countdown <= 0) {
      safepoint.pass();
      continue;
    }
    // A collection may have replaced the heap's buffer.
    const i32 = memory.i32;
    const u8 = memory.u8;
    const oldStart = memory.oldStart;
    const nil: number = memory.nil;
    const falseOop: number = memory.false;
    const trueOop: number = memory.true;
    const specialSelectors = (memory.specialObject(SpecialObject.SPECIAL_SELECTORS) >> 2) + BODY;
    let context: number = vm.context;
    let slots = (context >> 2) + BODY;
    // A Blue Book block runs on the temps of its home.
    const home = (homeOf(memory, context as Oop) >> 2) + BODY;
    let base = home + ContextSlot.STACK;
    let method = i32[home + ContextSlot.METHOD]!;
    let literals = (method >> 2) + BODY + 1;
    if (i32[literals - 1]! < 0) return;
    let receiver = i32[home + ContextSlot.RECEIVER]!;
    let pc = vm.pc;
    let sp = vm.sp;

    for (;;) {
      let value = 0;
      let selector = 0;
      let argumentCount = 0;
      let lookupClass = NO_LOOKUP_CLASS;
      let fromBlock = false;
      // biome-ignore lint/suspicious/noConfusingLabels: names the block that a return leaves
      returning: {
        // biome-ignore lint/suspicious/noConfusingLabels: names the block that a send leaves
        sending: {
          const bytecode = u8[pc++]!;
          switch (bytecode) {
            // Pushes
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
            case 5:
            case 6:
            case 7:
            case 8:
            case 9:
            case 10:
            case 11:
            case 12:
            case 13:
            case 14:
            case 15:
              i32[++sp] = i32[(receiver >> 2) + BODY + (bytecode & 15)]!;
              continue;
            case 64:
            case 65:
            case 66:
            case 67:
            case 68:
            case 69:
            case 70:
            case 71:
            case 72:
            case 73:
            case 74:
            case 75:
            case 76:
            case 77:
            case 78:
            case 79:
              i32[++sp] = i32[(i32[literals + (bytecode & 15)]! >> 2) + BODY + AssociationSlot.VALUE]!;
              continue;
            case 32:
            case 33:
            case 34:
            case 35:
            case 36:
            case 37:
            case 38:
            case 39:
            case 40:
            case 41:
            case 42:
            case 43:
            case 44:
            case 45:
            case 46:
            case 47:
            case 48:
            case 49:
            case 50:
            case 51:
            case 52:
            case 53:
            case 54:
            case 55:
            case 56:
            case 57:
            case 58:
            case 59:
            case 60:
            case 61:
            case 62:
            case 63:
              i32[++sp] = i32[literals + (bytecode & 31)]!;
              continue;
            case 16:
            case 17:
            case 18:
            case 19:
            case 20:
            case 21:
            case 22:
            case 23:
            case 24:
            case 25:
            case 26:
            case 27:
            case 28:
            case 29:
            case 30:
            case 31:
              i32[++sp] = i32[base + (bytecode & 15)]!;
              continue;
            case 112:
              i32[++sp] = receiver;
              continue;
            case 113:
              i32[++sp] = trueOop;
              continue;
            case 114:
              i32[++sp] = falseOop;
              continue;
            case 115:
              i32[++sp] = nil;
              continue;
            case 117:
              i32[++sp] = 1;
              continue;
            case 118:
              i32[++sp] = 3;
              continue;
            case 137:
              vm.pc = pc;
              vm.sp = sp;
              i32[++sp] = vm.activeContext();
              continue;
            case 136:
              value = i32[sp]!;
              i32[++sp] = value;
              continue;

            // Returns
            case 120:
              value = receiver;
              break returning;
            case 121:
              value = trueOop;
              break returning;
            case 122:
              value = falseOop;
              break returning;
            case 123:
              value = nil;
              break returning;
            case 124:
              value = i32[sp]!;
              break returning;
            case 125:
              value = i32[sp]!;
              fromBlock = true;
              break returning;
            // Special sends: SmallIntegers in line, Floats by a call, all else a send
            case 176: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                const sum = (a >> 1) + (b >> 1);
                if ((sum << 1) >> 1 === sum) {
                  i32[--sp] = (sum << 1) | 1;
                  continue;
                }
              } else if ((value = floatArithmetic(memory, 0, a, b)) !== NO_OOP) {
                i32[--sp] = value;
                continue;
              }
              break;
            }
            case 177: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                const difference = (a >> 1) - (b >> 1);
                if ((difference << 1) >> 1 === difference) {
                  i32[--sp] = (difference << 1) | 1;
                  continue;
                }
              } else if ((value = floatArithmetic(memory, 1, a, b)) !== NO_OOP) {
                i32[--sp] = value;
                continue;
              }
              break;
            }
            case 178: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                i32[--sp] = a < b ? trueOop : falseOop;
                continue;
              }
              if ((value = floatArithmetic(memory, 2, a, b)) !== NO_OOP) {
                i32[--sp] = value;
                continue;
              }
              break;
            }
            case 179: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                i32[--sp] = a > b ? trueOop : falseOop;
                continue;
              }
              if ((value = floatArithmetic(memory, 3, a, b)) !== NO_OOP) {
                i32[--sp] = value;
                continue;
              }
              break;
            }
            case 180: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                i32[--sp] = a <= b ? trueOop : falseOop;
                continue;
              }
              if ((value = floatArithmetic(memory, 4, a, b)) !== NO_OOP) {
                i32[--sp] = value;
                continue;
              }
              break;
            }
            case 181: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                i32[--sp] = a >= b ? trueOop : falseOop;
                continue;
              }
              if ((value = floatArithmetic(memory, 5, a, b)) !== NO_OOP) {
                i32[--sp] = value;
                continue;
              }
              break;
            }
            case 182: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                i32[--sp] = a === b ? trueOop : falseOop;
                continue;
              }
              if ((value = floatArithmetic(memory, 6, a, b)) !== NO_OOP) {
                i32[--sp] = value;
                continue;
              }
              break;
            }
            case 183: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                i32[--sp] = a !== b ? trueOop : falseOop;
                continue;
              }
              if ((value = floatArithmetic(memory, 7, a, b)) !== NO_OOP) {
                i32[--sp] = value;
                continue;
              }
              break;
            }
            case 184: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                const product = (a >> 1) * (b >> 1);
                if (product >= -0x40000000 && product <= 0x3fffffff) {
                  i32[--sp] = (product << 1) | 1;
                  continue;
                }
              } else if ((value = floatArithmetic(memory, 8, a, b)) !== NO_OOP) {
                i32[--sp] = value;
                continue;
              }
              break;
            }
            case 185: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                const divisor = b >> 1;
                if (divisor !== 0 && (a >> 1) % divisor === 0) {
                  const quotient = (a >> 1) / divisor;
                  if (quotient <= 0x3fffffff) {
                    i32[--sp] = (quotient << 1) | 1;
                    continue;
                  }
                }
              } else if ((value = floatArithmetic(memory, 9, a, b)) !== NO_OOP) {
                i32[--sp] = value;
                continue;
              }
              break;
            }
            case 186: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0 && b !== 1) {
                const divisor = b >> 1;
                let rest = (a >> 1) % divisor;
                if (rest !== 0 && rest < 0 !== divisor < 0) rest += divisor;
                i32[--sp] = (rest << 1) | 1;
                continue;
              }
              break;
            }
            case 188: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                const number = a >> 1;
                const shift = b >> 1;
                if (shift <= 0) {
                  i32[--sp] = ((shift < -31 ? number >> 31 : number >> -shift) << 1) | 1;
                  continue;
                }
                if (shift < 30 && (number << (shift + 1)) >> (shift + 1) === number) {
                  i32[--sp] = (number << (shift + 1)) | 1;
                  continue;
                }
              }
              break;
            }
            case 189: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0 && b !== 1) {
                const quotient = Math.floor((a >> 1) / (b >> 1));
                if (quotient <= 0x3fffffff) {
                  i32[--sp] = (quotient << 1) | 1;
                  continue;
                }
              }
              break;
            }
            case 190: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                i32[--sp] = a & b;
                continue;
              }
              break;
            }
            case 191: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                i32[--sp] = a | b;
                continue;
              }
              break;
            }
            case 192: {
              const object = i32[sp - 1]!;
              const index = i32[sp]!;
              if ((object & 3) === 0 && (index & 1) !== 0) {
                const word = object >> 2;
                const classIndex = i32[word]! & CLASS_INDEX_MASK;
                const position = (index >> 1) - 1;
                if (classIndex === ClassIndex.ARRAY) {
                  let size = i32[word + 1]! >>> SLOT_COUNT_SHIFT;
                  if (size === OVERFLOW_SLOTS) size = i32[word - 2]!;
                  if (position >= 0 && position < size) {
                    i32[--sp] = i32[word + BODY + position]!;
                    continue;
                  }
                } else if (classIndex === ClassIndex.BYTE_STRING || classIndex === ClassIndex.BYTE_ARRAY) {
                  if (position >= 0 && position < memory.byteSizeOf(object as Oop)) {
                    const byte = u8[object + 8 + position]!;
                    i32[--sp] = classIndex === ClassIndex.BYTE_STRING ? (byte << 2) | 2 : (byte << 1) | 1;
                    continue;
                  }
                }
              }
              break;
            }
            case 193: {
              const object = i32[sp - 2]!;
              const index = i32[sp - 1]!;
              if ((object & 3) === 0 && (index & 1) !== 0) {
                const word = object >> 2;
                const header = i32[word]!;
                if ((header & (CLASS_INDEX_MASK | IMMUTABLE_BIT)) === ClassIndex.ARRAY) {
                  let size = i32[word + 1]! >>> SLOT_COUNT_SHIFT;
                  if (size === OVERFLOW_SLOTS) size = i32[word - 2]!;
                  const position = (index >> 1) - 1;
                  if (position >= 0 && position < size) {
                    value = i32[sp]!;
                    i32[word + BODY + position] = value;
                    if (object >= oldStart && value < oldStart && (value & 3) === 0) memory.remember(object as Oop);
                    sp -= 2;
                    i32[sp] = value;
                    continue;
                  }
                }
              }
              argumentCount = 2;
              selector = i32[specialSelectors + 2 * AT_PUT]!;
              break sending;
            }
            case 194: {
              const object = i32[sp]!;
              if ((object & 3) === 0) {
                const classIndex = i32[object >> 2]! & CLASS_INDEX_MASK;
                if (classIndex === ClassIndex.ARRAY) {
                  i32[sp] = (memory.slotCountOf(object as Oop) << 1) | 1;
                  continue;
                }
                if (classIndex === ClassIndex.BYTE_STRING || classIndex === ClassIndex.BYTE_ARRAY) {
                  i32[sp] = (memory.byteSizeOf(object as Oop) << 1) | 1;
                  continue;
                }
              }
              break;
            }
            case 198:
              sp--;
              i32[sp] = i32[sp] === i32[sp + 1] ? trueOop : falseOop;
              continue;
            case 199:
              i32[sp] = memory.classOf(i32[sp]! as Oop);
              continue;
            // @ next nextPut: atEnd value value: do: new new: x y
            case 187:
            case 195:
            case 196:
            case 197:
            case 201:
            case 202:
            case 203:
            case 204:
            case 205:
            case 206:
            case 207:
              break;

            // Sends
            case 208:
            case 209:
            case 210:
            case 211:
            case 212:
            case 213:
            case 214:
            case 215:
            case 216:
            case 217:
            case 218:
            case 219:
            case 220:
            case 221:
            case 222:
            case 223:
              selector = i32[literals + (bytecode & 15)]!;
              break sending;
            case 224:
            case 225:
            case 226:
            case 227:
            case 228:
            case 229:
            case 230:
            case 231:
            case 232:
            case 233:
            case 234:
            case 235:
            case 236:
            case 237:
            case 238:
            case 239:
              selector = i32[literals + (bytecode & 15)]!;
              argumentCount = 1;
              break sending;
            case 240:
            case 241:
            case 242:
            case 243:
            case 244:
            case 245:
            case 246:
            case 247:
            case 248:
            case 249:
            case 250:
            case 251:
            case 252:
            case 253:
            case 254:
            case 255:
              selector = i32[literals + (bytecode & 15)]!;
              argumentCount = 2;
              break sending;

            // Jumps
            case 144:
            case 145:
            case 146:
            case 147:
            case 148:
            case 149:
            case 150:
            case 151:
              pc += (bytecode & 7) + 1;
              continue;
            case 152:
            case 153:
            case 154:
            case 155:
            case 156:
            case 157:
            case 158:
            case 159:
              value = i32[sp--]!;
              if (value === falseOop) pc += (bytecode & 7) + 1;
              else if (value !== trueOop) {
                vm.pc = pc;
                vm.sp = sp;
                mustBeBoolean(vm, value as Oop);
                continue reload;
              }
              continue;

            // Stores
            case 96:
            case 97:
            case 98:
            case 99:
            case 100:
            case 101:
            case 102:
            case 103:
              value = i32[sp--]!;
              if ((i32[receiver >> 2]! & IMMUTABLE_BIT) === 0) {
                i32[(receiver >> 2) + BODY + (bytecode & 7)] = value;
                if (receiver >= oldStart && value < oldStart && (value & 3) === 0) memory.remember(receiver as Oop);
                continue;
              }
              vm.pc = pc;
              vm.sp = sp;
              attemptToAssign(vm, receiver as Oop, bytecode & 7, value as Oop);
              continue reload;
            case 104:
            case 105:
            case 106:
            case 107:
            case 108:
            case 109:
            case 110:
            case 111:
              i32[base + (bytecode & 7)] = i32[sp--]!;
              continue;
            case 135:
              sp--;
              continue;

            // Two bytes
            case 138:
              vm.pc = pc;
              vm.sp = sp;
              pushNewArray(vm, u8[pc++]!);
              sp = vm.sp;
              continue;
            // Three bytes
            case 139:
              pc += 2;
              // The primitive of the method, whose code runs because it failed; or one in line, which cannot fail.
              if (u8[pc - 1]! < 128) continue;
              vm.pc = pc;
              vm.sp = sp;
              if (!runInlinedPrimitive(vm, u8[pc - 2]! + ((u8[pc - 1]! & 31) << 8))) {
                unknownBytecode(vm, 3);
                continue reload;
              }
              sp = vm.sp;
              continue;
            case 140:
              value = i32[base + (u8[pc + 1]! & 127)]!;
              i32[++sp] = i32[(value >> 2) + BODY + u8[pc]!]!;
              pc += 2;
              continue;
            case 141:
            case 142:
              memory.storePointer(i32[base + (u8[pc + 1]! & 127)]! as Oop, u8[pc]!, i32[sp]! as Oop);
              if (bytecode === 142) sp--;
              pc += 2;
              continue;
            // V3 only
            case 80:
            case 81:
            case 82:
            case 83:
            case 84:
            case 85:
            case 86:
            case 87:
            case 88:
            case 89:
            case 90:
            case 91:
            case 92:
            case 93:
            case 94:
            case 95:
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
            case 160:
            case 161:
            case 162:
            case 163:
            case 164:
            case 165:
            case 166:
            case 167:
              value = (((bytecode & 7) - 4) << 8) + u8[pc]!;
              pc += 1 + value;
              if (value < 0 && (--safepoint.countdown <= 0 || memory.collectionWanted)) {
                vm.pc = pc;
                vm.sp = sp;
                continue reload;
              }
              continue;
            case 168:
            case 169:
            case 170:
            case 171:
            case 172:
            case 173:
            case 174:
            case 175:
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
            default:
              vm.pc = pc;
              vm.sp = sp;
              unknownBytecode(vm, 1);
              continue reload;
          }
          // A special send that was not done in line
          value = specialSelectors + 2 * (bytecode - SPECIAL_SENDS);
          selector = i32[value]!;
          argumentCount = i32[value + 1]! >> 1;
        }

        // A send: the method from the cache, or by look-up
        let target = i32[sp - argumentCount]!;
        let classIndex: number;
        if (lookupClass !== NO_LOOKUP_CLASS) classIndex = memory.indexOfClass(lookupClass as Oop);
        else if ((target & 3) === 0) classIndex = i32[target >> 2]! & CLASS_INDEX_MASK;
        else classIndex = (target & 1) !== 0 ? ClassIndex.SMALL_INTEGER : ClassIndex.CHARACTER;
        const entry = (((selector >> 4) ^ (selector >> 13) ^ Math.imul(classIndex, 37)) & (CACHE_ENTRIES - 1)) << 2;
        let newMethod: number;
        let primitive: number;
        let closure = nil;
        if (cache[entry] === selector && cache[entry + 1] === classIndex) {
          newMethod = cache[entry + 2]!;
          primitive = cache[entry + 3]!;
        } else {
          vm.pc = pc;
          vm.sp = sp;
          argumentCount = vm.findMethod(selector as Oop, argumentCount, memory.classAt(classIndex), classIndex);
          sp = vm.sp;
          newMethod = vm.newMethod;
          primitive = vm.newPrimitive;
          target = i32[sp - argumentCount]!;
        }
        if ((target & 3) === 0 && (i32[target >> 2]! & CLASS_INDEX_MASK) === ClassIndex.CONTEXT) {
          vm.pc = pc;
          vm.sp = sp;
          vm.noteReceiver(target as Oop);
        }
        if (primitive !== 0) {
          if (primitive >= FIRST_QUICK_PRIMITIVE && primitive <= LAST_QUICK_PRIMITIVE) {
            sp -= argumentCount;
            i32[sp] = quickReturnValue(memory, primitive, target as Oop);
            continue;
          }
          if (
            primitive >= FIRST_VALUE_PRIMITIVE &&
            primitive <= LAST_VALUE_PRIMITIVE &&
            primitive !== VALUE_WITH_ARGUMENTS_PRIMITIVE &&
            classIndex === ClassIndex.FULL_BLOCK_CLOSURE &&
            i32[(target >> 2) + BODY + ClosureSlot.ARGUMENT_COUNT] === ((argumentCount << 1) | 1) &&
            isCode(i32, i32[(target >> 2) + BODY + ClosureSlot.CODE]!)
          ) {
            closure = target;
            newMethod = i32[(closure >> 2) + BODY + ClosureSlot.CODE]!;
            target = i32[(closure >> 2) + BODY + ClosureSlot.RECEIVER]!;
          } else {
            vm.pc = pc;
            vm.sp = sp;
            vm.newMethod = newMethod as Oop;
            if (vm.runPrimitive(primitive, argumentCount)) {
              if (vm.registersChanged) continue reload;
              sp = vm.sp;
              continue;
            }
            safepoint.countdown--;
            vm.activate(vm.newMethod, argumentCount);
            continue reload;
          }
        }

        // Activation: a new context takes receiver and arguments from the stack, and from a closure what it copied
        const header = i32[(newMethod >> 2) + BODY]! >> 1;
        let newContext: number;
        if ((header & LARGE_FRAME_BIT) === 0) {
          newContext = contexts.freeSmall;
          if (newContext !== NO_OOP) contexts.freeSmall = i32[(newContext >> 2) + BODY]! as Oop;
          else newContext = contexts.allocate(false);
        } else {
          newContext = contexts.allocate(true);
        }
        i32[slots + ContextSlot.PC] = ((pc - method - 7) << 1) | 1;
        sp -= argumentCount;
        i32[slots + ContextSlot.STACKP] = ((sp - slots - ContextSlot.STACK) << 1) | 1;
        slots = (newContext >> 2) + BODY;
        base = slots + ContextSlot.STACK;
        i32[slots + ContextSlot.SENDER] = context;
        i32[slots + ContextSlot.METHOD] = newMethod;
        i32[slots + ContextSlot.CLOSURE] = closure;
        i32[slots + ContextSlot.RECEIVER] = target;
        const end = base + ((header >> 18) & 63);
        let next = base;
        for (let i = 1; i <= argumentCount; i++) i32[next++] = i32[sp + i]!;
        if (closure !== nil) {
          const copied = (i32[(closure >> 2) + 1]! >>> SLOT_COUNT_SHIFT) - ClosureSlot.FIRST_COPIED;
          const first = (closure >> 2) + BODY + ClosureSlot.FIRST_COPIED;
          for (let i = 0; i < copied; i++) i32[next++] = i32[first + i]!;
        }
        while (next < end) i32[next++] = nil;
        sp = end - 1;
        context = newContext;
        method = newMethod;
        literals = (newMethod >> 2) + BODY + 1;
        receiver = target;
        pc = newMethod + 12 + ((header & 0x7fff) << 2);
        vm.context = context as Oop;
        if (--safepoint.countdown <= 0 || memory.collectionWanted || header < 0) {
          vm.pc = pc;
          vm.sp = sp;
          continue reload;
        }
        continue;
      }

      // A return: to the sender of a method or block, or from a block to its home's sender
      const sender = i32[slots + ContextSlot.SENDER]!;
      const senderWord = sender >> 2;
      if (
        (!fromBlock && i32[slots + ContextSlot.CLOSURE] !== nil) ||
        (sender & 3) !== 0 ||
        (i32[senderWord]! & CLASS_INDEX_MASK) !== ClassIndex.CONTEXT ||
        (i32[senderWord + 1]! & HASH_MASK) > SEEN_BY_CLOSURE ||
        (i32[senderWord + BODY + ContextSlot.PC]! & 1) === 0
      ) {
        vm.pc = pc;
        vm.sp = sp;
        if (!fromBlock && i32[slots + ContextSlot.CLOSURE] !== nil) nonLocalReturn(vm, value as Oop, pc - 1);
        else returnToSender(vm, value as Oop, pc - 1);
        continue reload;
      }
      // The context goes back to the pool when nobody else knows it; else it is marked as left.
      const headerHigh = i32[(context >> 2) + 1]!;
      if ((headerHigh & HASH_MASK) === 0) {
        const count = headerHigh >>> SLOT_COUNT_SHIFT;
        if (count === SMALL_CONTEXT_SLOTS) {
          i32[slots] = contexts.freeSmall;
          contexts.freeSmall = context as Oop;
        } else if (count === LARGE_CONTEXT_SLOTS) {
          i32[slots] = contexts.freeLarge;
          contexts.freeLarge = context as Oop;
        }
      } else {
        i32[slots + ContextSlot.SENDER] = nil;
        i32[slots + ContextSlot.PC] = nil;
      }
      if (sender >= oldStart) memory.remember(sender as Oop);
      context = sender;
      vm.context = context as Oop;
      slots = senderWord + BODY;
      base = slots + ContextSlot.STACK;
      method = i32[slots + ContextSlot.METHOD]!;
      literals = (method >> 2) + BODY + 1;
      receiver = i32[slots + ContextSlot.RECEIVER]!;
      pc = method + 7 + (i32[slots + ContextSlot.PC]! >> 1);
      sp = base + (i32[slots + ContextSlot.STACKP]! >> 1);
      i32[sp] = value;
      if (i32[literals - 1]! < 0) {
        vm.pc = pc;
        vm.sp = sp;
        return;
      }
    }
  }
}
