/**
 * Emits single instructions in their shortest form: one method for each thing that a program does to the stack. Knows
 * encodings and literals, nothing of syntax trees.
 */
import { Bytecode } from '../../vm/bytecode/sista-v1.ts';
import { specialSendBytecode } from '../../vm/bytecode/special-selectors.ts';
import { type AssembledCode, Assembler, extendA, extendB, type Label } from './assembler.ts';
import type { SourceRange } from './ast.ts';
import type { CompiledBlockCode, Literal } from './compiled-code.ts';
import { LiteralTable } from './literal-table.ts';

/** In a super send's extension B: it is directed. */
const DIRECTED = 64;

/** How a value gets into a variable: `store` leaves it on the stack, `pop` takes it off. */
export type StoreKind = 'store' | 'pop';

const MIN_PUSH_INTEGER = -32768n;
const MAX_PUSH_INTEGER = 32767n;
const MAX_PUSH_CHARACTER = 32767;

export class CodeWriter {
  readonly assembler = new Assembler();
  readonly literals: LiteralTable;

  constructor(owner: SourceRange) {
    this.literals = new LiteralTable(owner);
  }

  get isReachable(): boolean {
    return this.assembler.isReachable;
  }

  at(range: SourceRange): void {
    this.assembler.at(range);
  }

  finish(isBlock: boolean): AssembledCode {
    this.assembler.endWithReturn(isBlock ? Bytecode.BLOCK_RETURN_NIL : Bytecode.RETURN_RECEIVER);
    return this.assembler.assemble();
  }

  newLabel(): Label {
    return this.assembler.newLabel();
  }

  place(label: Label): void {
    this.assembler.place(label);
  }

  jump(label: Label): void {
    this.assembler.jump('jump', label);
  }

  popJump(on: boolean, label: Label): void {
    this.assembler.jump(on ? 'jumpTrue' : 'jumpFalse', label);
  }

  pop(): void {
    this.assembler.emit(Bytecode.POP);
  }

  duplicate(): void {
    this.assembler.emit(Bytecode.DUPLICATE_TOP);
  }

  pushReceiver(): void {
    this.assembler.emit(Bytecode.PUSH_RECEIVER);
  }

  pushNil(): void {
    this.assembler.emit(Bytecode.PUSH_NIL);
  }

  pushBoolean(value: boolean): void {
    this.assembler.emit(value ? Bytecode.PUSH_TRUE : Bytecode.PUSH_FALSE);
  }

  pushThisContext(): void {
    this.assembler.emit(Bytecode.PUSH_THIS_CONTEXT);
  }

  pushLiteral(literal: Literal): void {
    const { assembler } = this;
    switch (literal.kind) {
      case 'nil':
        this.pushNil();
        return;
      case 'true':
      case 'false':
        this.pushBoolean(literal.kind === 'true');
        return;
      case 'integer':
        if (literal.value >= MIN_PUSH_INTEGER && literal.value <= MAX_PUSH_INTEGER) {
          this.pushInteger(Number(literal.value));
          return;
        }
        break;
      case 'character':
        if (literal.codePoint <= MAX_PUSH_CHARACTER) {
          assembler.emit(...extendB(literal.codePoint >> 8), Bytecode.PUSH_CHARACTER, literal.codePoint & 255);
          return;
        }
        break;
      default:
    }
    if (!this.isReachable) return;
    this.indexed(this.literals.indexOf(literal), Bytecode.PUSH_LITERAL, 32, Bytecode.LONG_PUSH_LITERAL);
  }

  private pushInteger(value: number): void {
    if (value === 0) this.assembler.emit(Bytecode.PUSH_ZERO);
    else if (value === 1) this.assembler.emit(Bytecode.PUSH_ONE);
    else this.assembler.emit(...extendB(value >> 8), Bytecode.PUSH_INTEGER, value & 255);
  }

  pushTemp(slot: number): void {
    this.indexed(slot, Bytecode.PUSH_TEMP, 12, Bytecode.LONG_PUSH_TEMP);
  }

  storeTemp(kind: StoreKind, slot: number): void {
    if (kind === 'store') this.assembler.emit(Bytecode.STORE_TEMP, slot);
    else this.indexed(slot, Bytecode.POP_INTO_TEMP, 8, Bytecode.LONG_POP_INTO_TEMP);
  }

  pushRemoteTemp(index: number, vectorSlot: number): void {
    this.assembler.emit(Bytecode.PUSH_REMOTE_TEMP, index, vectorSlot);
  }

  storeRemoteTemp(kind: StoreKind, index: number, vectorSlot: number): void {
    const bytecode = kind === 'store' ? Bytecode.STORE_REMOTE_TEMP : Bytecode.POP_INTO_REMOTE_TEMP;
    this.assembler.emit(bytecode, index, vectorSlot);
  }

  pushReceiverVariable(index: number): void {
    this.indexed(index, Bytecode.PUSH_RECEIVER_VARIABLE, 16, Bytecode.LONG_PUSH_RECEIVER_VARIABLE);
  }

  storeReceiverVariable(kind: StoreKind, index: number): void {
    if (kind === 'store') this.long(index, Bytecode.STORE_RECEIVER_VARIABLE);
    else this.indexed(index, Bytecode.POP_INTO_RECEIVER_VARIABLE, 8, Bytecode.LONG_POP_INTO_RECEIVER_VARIABLE);
  }

  pushLiteralVariable(name: string): void {
    if (!this.isReachable) return;
    const index = this.literals.indexOf({ kind: 'binding', name });
    this.indexed(index, Bytecode.PUSH_LITERAL_VARIABLE, 16, Bytecode.LONG_PUSH_LITERAL_VARIABLE);
  }

  storeLiteralVariable(kind: StoreKind, name: string): void {
    if (!this.isReachable) return;
    const bytecode = kind === 'store' ? Bytecode.STORE_LITERAL_VARIABLE : Bytecode.POP_INTO_LITERAL_VARIABLE;
    this.long(this.literals.indexOf({ kind: 'binding', name }), bytecode);
  }

  /** An array of `size` nils, or of the `size` topmost values; `size` is at most 127. */
  pushArray(size: number, popsElements: boolean): void {
    this.assembler.emit(Bytecode.PUSH_ARRAY, size | (popsElements ? 128 : 0));
  }

  /** `makeCode` is called only when the closure is reached by some path. */
  pushClosure(makeCode: () => CompiledBlockCode): void {
    if (!this.isReachable) return;
    const code = makeCode();
    const index = this.literals.indexOf({ kind: 'block', code });
    this.assembler.emit(...extendA(index >> 8), Bytecode.PUSH_FULL_CLOSURE, index & 255, code.copiedCount);
  }

  send(selector: string, argumentCount: number): void {
    if (!this.isReachable) return;
    const special = specialSendBytecode(selector);
    if (special !== undefined) {
      this.assembler.emit(special);
      return;
    }
    const index = this.literals.indexOf({ kind: 'symbol', value: selector });
    const short = [Bytecode.SEND_0, Bytecode.SEND_1, Bytecode.SEND_2][argumentCount];
    if (short !== undefined && index < 16) this.assembler.emit(short + index);
    else this.longSend(Bytecode.LONG_SEND, index, argumentCount);
  }

  superSend(selector: string, argumentCount: number): void {
    if (!this.isReachable) return;
    this.longSend(Bytecode.SUPER_SEND, this.literals.indexOf({ kind: 'symbol', value: selector }), argumentCount);
  }

  /** A super send that takes the class above which to look from the stack, as `pushMethodClass` puts it there. */
  directedSuperSend(selector: string, argumentCount: number): void {
    if (!this.isReachable) return;
    const index = this.literals.indexOf({ kind: 'symbol', value: selector });
    this.longSend(Bytecode.SUPER_SEND, index, argumentCount, DIRECTED);
  }

  pushMethodClass(): void {
    if (!this.isReachable) return;
    const index = this.literals.indexOf({ kind: 'methodClass' });
    this.indexed(index, Bytecode.PUSH_LITERAL_VARIABLE, 16, Bytecode.LONG_PUSH_LITERAL_VARIABLE);
  }

  private longSend(bytecode: number, index: number, argumentCount: number, mode = 0): void {
    const operand = ((index & 31) << 3) | (argumentCount & 7);
    this.assembler.emit(...extendA(index >> 5), ...extendB(mode + (argumentCount >> 3)), bytecode, operand);
  }

  callPrimitive(number: number): void {
    this.assembler.emit(Bytecode.CALL_PRIMITIVE, number & 255, number >> 8);
  }

  returnReceiver(): void {
    this.assembler.emitReturn(Bytecode.RETURN_RECEIVER);
  }

  returnNil(): void {
    this.assembler.emitReturn(Bytecode.RETURN_NIL);
  }

  returnBoolean(value: boolean): void {
    this.assembler.emitReturn(value ? Bytecode.RETURN_TRUE : Bytecode.RETURN_FALSE);
  }

  /** From the method; in a block, from the method that the block is written in. */
  returnTop(): void {
    this.assembler.emitReturn(Bytecode.RETURN_TOP);
  }

  /** From a block to whoever evaluates it. */
  blockReturnTop(): void {
    this.assembler.emitReturn(Bytecode.BLOCK_RETURN_TOP);
  }

  blockReturnNil(): void {
    this.assembler.emitReturn(Bytecode.BLOCK_RETURN_NIL);
  }

  /** `shortForm + index` where the index is below `shortCount`, else the two-byte form. */
  private indexed(index: number, shortForm: number, shortCount: number, longForm: number): void {
    if (index < shortCount) this.assembler.emit(shortForm + index);
    else this.long(index, longForm);
  }

  private long(index: number, bytecode: number): void {
    this.assembler.emit(...extendA(index >> 8), bytecode, index & 255);
  }
}
