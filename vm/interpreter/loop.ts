/**
 * The interpreter's loop for Sista V1: one switch over the bytecode, registers in locals. loop-v3.ts is made from this file
 * (tools/make-v3-loop.mjs): most of what V3 has means the same under another number. `interpret` (interpret.ts) chooses by
 * the method's header; a loop leaves off where the other one has to go on.
 *
 * Two blocks inside the loop stand for what Smalltalk does most. A send bytecode sets `selector` and `argumentCount` and
 * breaks out of `sending`; a return bytecode sets `value` and breaks out of `returning`. Whatever may change the registers from outside
 * (a primitive that switches contexts, a collection) raises `vm.registersChanged`, and the loop reads them anew at
 * `reload`. Safepoints are there, after an activation, and at backward jumps.
 *
 * Registers: `pc` heap offset of the next bytecode; `sp` word index of the top of the stack; `slots` word index of the
 * active context's first slot, `base` of its first temp, `literals` of the method's first literal. The active context is
 * written without the write barrier: an old one is remembered when it becomes active. Stores of instance variables and
 * `at:put:` have the barrier of `storePointer` in line, with `oldStart` in a local.
 *
 * V8 optimises no function above 60 KB of its own bytecode: rare cases are calls into other files.
 * Source: Squeak's EncoderForSistaV1 (class comment) for the encoding; Blue Book chapter 28.
 */
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
  branchByClass,
  makeBlockClosure,
  makeClosure,
  mustBeBoolean,
  pushNewArray,
  quickReturnValue,
  unknownBytecode,
} from './rare-bytecodes.ts';
import { nonLocalReturn, returnToSender } from './returns.ts';
import { StopReason } from './stop-reason.ts';

/** First special send, `+`. */
const SPECIAL_SENDS = 96;
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

/** Runs until `vm.stop` says to leave off, or a method of V3 is active. Contract: the registers are read from the active context. */
export function interpretSista(vm: Interpreter): void {
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
    let base = slots + ContextSlot.STACK;
    let method = i32[slots + ContextSlot.METHOD]!;
    let literals = (method >> 2) + BODY + 1;
    if (i32[literals - 1]! >= 0) return;
    let receiver = i32[slots + ContextSlot.RECEIVER]!;
    let pc = vm.pc;
    let sp = vm.sp;
    let extA = 0;
    let extB = 0;
    let extended = false;

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
              i32[++sp] = i32[base + (bytecode & 15)]!;
              continue;
            case 76:
              i32[++sp] = receiver;
              continue;
            case 77:
              i32[++sp] = trueOop;
              continue;
            case 78:
              i32[++sp] = falseOop;
              continue;
            case 79:
              i32[++sp] = nil;
              continue;
            case 80:
              i32[++sp] = 1;
              continue;
            case 81:
              i32[++sp] = 3;
              continue;
            case 82:
              vm.pc = pc;
              vm.sp = sp;
              i32[++sp] = extB === 0 ? vm.activeContext() : vm.scheduler.activeProcess();
              extB = 0;
              extended = false;
              continue;
            case 83:
              value = i32[sp]!;
              i32[++sp] = value;
              continue;

            // Returns
            case 88:
              value = receiver;
              break returning;
            case 89:
              value = trueOop;
              break returning;
            case 90:
              value = falseOop;
              break returning;
            case 91:
              value = nil;
              break returning;
            case 92:
              value = i32[sp]!;
              break returning;
            case 93:
              value = nil;
              fromBlock = true;
              break returning;
            case 94:
              if ((extA | extB) !== 0) {
                vm.pc = pc;
                vm.sp = sp;
                unknownBytecode(vm, 1);
                continue reload;
              }
              value = i32[sp]!;
              fromBlock = true;
              break returning;
            case 95:
              extA = 0;
              extB = 0;
              extended = false;
              continue;

            // Special sends: SmallIntegers in line, Floats by a call, all else a send
            case 96: {
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
            case 97: {
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
            case 98: {
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
            case 99: {
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
            case 100: {
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
            case 101: {
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
            case 102: {
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
            case 103: {
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
            case 104: {
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
            case 105: {
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
            case 106: {
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
            case 108: {
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
            case 109: {
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
            case 110: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                i32[--sp] = a & b;
                continue;
              }
              break;
            }
            case 111: {
              const a = i32[sp - 1]!;
              const b = i32[sp]!;
              if ((a & b & 1) !== 0) {
                i32[--sp] = a | b;
                continue;
              }
              break;
            }
            case 112: {
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
            case 113: {
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
            case 114: {
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
            case 118:
              sp--;
              i32[sp] = i32[sp] === i32[sp + 1] ? trueOop : falseOop;
              continue;
            case 119:
              i32[sp] = memory.classOf(i32[sp]! as Oop);
              continue;
            case 120:
              sp--;
              i32[sp] = i32[sp] !== i32[sp + 1] ? trueOop : falseOop;
              continue;
            // @ next nextPut: atEnd value value: do: new new: x y
            case 107:
            case 115:
            case 116:
            case 117:
            case 121:
            case 122:
            case 123:
            case 124:
            case 125:
            case 126:
            case 127:
              break;

            // Sends
            case 128:
            case 129:
            case 130:
            case 131:
            case 132:
            case 133:
            case 134:
            case 135:
            case 136:
            case 137:
            case 138:
            case 139:
            case 140:
            case 141:
            case 142:
            case 143:
              selector = i32[literals + (bytecode & 15)]!;
              break sending;
            case 144:
            case 145:
            case 146:
            case 147:
            case 148:
            case 149:
            case 150:
            case 151:
            case 152:
            case 153:
            case 154:
            case 155:
            case 156:
            case 157:
            case 158:
            case 159:
              selector = i32[literals + (bytecode & 15)]!;
              argumentCount = 1;
              break sending;
            case 160:
            case 161:
            case 162:
            case 163:
            case 164:
            case 165:
            case 166:
            case 167:
            case 168:
            case 169:
            case 170:
            case 171:
            case 172:
            case 173:
            case 174:
            case 175:
              selector = i32[literals + (bytecode & 15)]!;
              argumentCount = 2;
              break sending;

            // Jumps
            case 176:
            case 177:
            case 178:
            case 179:
            case 180:
            case 181:
            case 182:
            case 183:
              pc += (bytecode & 7) + 1;
              continue;
            case 184:
            case 185:
            case 186:
            case 187:
            case 188:
            case 189:
            case 190:
            case 191:
              value = i32[sp--]!;
              if (value === trueOop) pc += (bytecode & 7) + 1;
              else if (value !== falseOop) {
                vm.pc = pc;
                vm.sp = sp;
                mustBeBoolean(vm, value as Oop);
                continue reload;
              }
              continue;
            case 192:
            case 193:
            case 194:
            case 195:
            case 196:
            case 197:
            case 198:
            case 199:
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
            case 200:
            case 201:
            case 202:
            case 203:
            case 204:
            case 205:
            case 206:
            case 207:
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
            case 208:
            case 209:
            case 210:
            case 211:
            case 212:
            case 213:
            case 214:
            case 215:
              i32[base + (bytecode & 7)] = i32[sp--]!;
              continue;
            case 216:
              sp--;
              continue;

            // Extensions
            case 224:
              extA = (extA << 8) | u8[pc++]!;
              continue;
            case 225:
              value = u8[pc++]!;
              extB = extended ? (extB << 8) | value : (value << 24) >> 24;
              extended = true;
              continue;

            // Two bytes
            case 226:
              i32[++sp] = i32[(receiver >> 2) + BODY + u8[pc++]! + (extA << 8)]!;
              extA = 0;
              continue;
            case 227:
              value = i32[literals + u8[pc++]! + (extA << 8)]!;
              i32[++sp] = i32[(value >> 2) + BODY + AssociationSlot.VALUE]!;
              extA = 0;
              continue;
            case 228:
              i32[++sp] = i32[literals + u8[pc++]! + (extA << 8)]!;
              extA = 0;
              continue;
            case 229:
              i32[++sp] = i32[base + u8[pc++]!]!;
              continue;
            case 230:
              for (value = u8[pc++]!; value > 0; value--) i32[++sp] = nil;
              continue;
            case 231:
              vm.pc = pc;
              vm.sp = sp;
              pushNewArray(vm, u8[pc++]!);
              sp = vm.sp;
              continue;
            case 232:
              i32[++sp] = ((u8[pc++]! + (extB << 8)) << 1) | 1;
              extB = 0;
              extended = false;
              continue;
            case 233:
              i32[++sp] = ((u8[pc++]! + (extB << 8)) << 2) | 2;
              extB = 0;
              extended = false;
              continue;
            case 234:
              value = u8[pc++]!;
              selector = i32[literals + (value >> 3) + (extA << 5)]!;
              argumentCount = (value & 7) + (extB << 3);
              extA = 0;
              extB = 0;
              extended = false;
              break sending;
            case 235:
              value = u8[pc++]!;
              selector = i32[literals + (value >> 3) + (extA << 5)]!;
              // From 64 up, extension B says that the class to start above lies on the stack.
              argumentCount = (value & 7) + ((extB & 63) << 3);
              vm.pc = pc;
              vm.sp = sp;
              if (extB >= 64) lookupClass = memory.fetchPointer(i32[sp--]! as Oop, 0);
              else lookupClass = vm.superclassOfRunningMethod();
              extA = 0;
              extB = 0;
              extended = false;
              break sending;
            case 237:
              value = u8[pc++]! + (extB << 8);
              extB = 0;
              extended = false;
              pc += value;
              if (value < 0 && (--safepoint.countdown <= 0 || memory.collectionWanted)) {
                vm.pc = pc;
                vm.sp = sp;
                continue reload;
              }
              continue;
            case 238:
            case 239: {
              const offset = u8[pc++]! + (extB << 8);
              extA = 0;
              extB = 0;
              extended = false;
              value = i32[sp--]!;
              if (value === (bytecode === 238 ? trueOop : falseOop)) {
                pc += offset;
                if (offset < 0 && (--safepoint.countdown <= 0 || memory.collectionWanted)) {
                  vm.pc = pc;
                  vm.sp = sp;
                  continue reload;
                }
              } else if (value !== trueOop && value !== falseOop) {
                vm.pc = pc;
                vm.sp = sp;
                mustBeBoolean(vm, value as Oop);
                continue reload;
              }
              continue;
            }
            case 240:
            case 243: {
              const index = u8[pc++]! + (extA << 8);
              extA = 0;
              extB = 0;
              extended = false;
              value = i32[sp]!;
              if (bytecode === 240) sp--;
              if ((i32[receiver >> 2]! & IMMUTABLE_BIT) === 0) {
                i32[(receiver >> 2) + BODY + index] = value;
                if (receiver >= oldStart && value < oldStart && (value & 3) === 0) memory.remember(receiver as Oop);
                continue;
              }
              vm.pc = pc;
              vm.sp = sp;
              attemptToAssign(vm, receiver as Oop, index, value as Oop);
              continue reload;
            }
            case 241:
            case 244: {
              const association = i32[literals + u8[pc++]! + (extA << 8)]!;
              extA = 0;
              extB = 0;
              extended = false;
              value = i32[sp]!;
              if (bytecode === 241) sp--;
              if ((i32[association >> 2]! & IMMUTABLE_BIT) === 0) {
                memory.storePointer(association as Oop, AssociationSlot.VALUE, value as Oop);
                continue;
              }
              vm.pc = pc;
              vm.sp = sp;
              attemptToAssign(vm, association as Oop, AssociationSlot.VALUE, value as Oop);
              continue reload;
            }
            case 242:
              i32[base + u8[pc++]!] = i32[sp--]!;
              continue;
            case 245:
              i32[base + u8[pc++]!] = i32[sp]!;
              continue;

            // Three bytes
            case 248:
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
              extA = 0;
              extB = 0;
              extended = false;
              continue;
            case 249:
              vm.pc = pc;
              vm.sp = sp;
              makeClosure(vm, i32[literals + u8[pc]! + (extA << 8)]! as Oop, u8[pc + 1]!, receiver as Oop);
              pc += 2;
              sp = vm.sp;
              extA = 0;
              continue;
            case 250:
              vm.pc = pc + 2;
              vm.sp = sp;
              makeBlockClosure(vm, ((u8[pc]! >> 3) & 7) + ((extA >> 4) << 3), (u8[pc]! & 7) + ((extA & 15) << 3));
              sp = vm.sp;
              pc += 2 + u8[pc + 1]! + (extB << 8);
              extA = 0;
              extB = 0;
              extended = false;
              continue;
            case 251:
              value = i32[base + (u8[pc + 1]! & 127)]!;
              i32[++sp] = i32[(value >> 2) + BODY + u8[pc]!]!;
              pc += 2;
              continue;
            case 252:
            case 253:
              memory.storePointer(i32[base + (u8[pc + 1]! & 127)]! as Oop, u8[pc]!, i32[sp]! as Oop);
              if (bytecode === 253) sp--;
              pc += 2;
              extB = 0;
              extended = false;
              continue;
            case 254: {
              const jump = branchByClass(
                vm,
                i32[sp--]! as Oop,
                i32[literals + u8[pc]! + (extA << 8)]! as Oop,
                extB < 0,
              );
              pc += jump ? 2 + u8[pc + 1]! + ((extB & 127) << 8) : 2;
              extA = 0;
              extB = 0;
              extended = false;
              continue;
            }
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
        if (--safepoint.countdown <= 0 || memory.collectionWanted || header >= 0) {
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
      if (i32[literals - 1]! >= 0) {
        vm.pc = pc;
        vm.sp = sp;
        return;
      }
    }
  }
}
