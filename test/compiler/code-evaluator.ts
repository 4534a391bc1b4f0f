/**
 * Runs compiled code in the small world: a stack machine over decoded instructions, for tests of the compiler that need no
 * image. The VM's interpreter is tested elsewhere.
 */
import type { CompiledBlockCode, CompiledMethodCode } from '../../image/compiler/compiled-code.ts';
import { decode } from '../../vm/bytecode/decoder.ts';
import type { Operand } from '../../vm/bytecode/instruction.ts';
import { SPECIAL_SELECTORS } from '../../vm/bytecode/special-selectors.ts';
import { VMBug } from '../../vm/vm-bug.ts';
import { asBoolean, literalValue, Signal, type Value, type World } from './small-world.ts';

type Code = CompiledMethodCode | CompiledBlockCode;
/** Temp vectors are arrays that change; no other value on the stack does. */
type Slot = Value | { readonly vector: Value[] };
interface Home {
  isActive: boolean;
}
class Return extends Error {
  readonly home: Home;
  readonly value: Value;

  constructor(home: Home, value: Value) {
    super('return');
    this.home = home;
    this.value = value;
  }
}

export function runCode(code: CompiledMethodCode, argument: Value, world: World): Value {
  const home: Home = { isActive: true };
  try {
    return activate(code, [argument], home, world);
  } catch (error) {
    if (error instanceof Return && error.home === home) return error.value;
    throw error;
  } finally {
    home.isActive = false;
  }
}

const isVector = (slot: Slot | undefined): slot is { readonly vector: Value[] } =>
  typeof slot === 'object' && slot !== null && 'vector' in slot;

function activate(code: Code, initial: readonly Slot[], home: Home, world: World): Value {
  const stack: Slot[] = [...initial];
  while (stack.length < code.tempCount) stack.push(null);
  const pop = (): Value => {
    const slot = stack.pop();
    if (slot === undefined || isVector(slot)) throw new VMBug('bad-pop', 'popped a vector or below the stack');
    return slot;
  };
  const popMany = (count: number): Value[] => Array.from({ length: count }, pop).reverse();
  const vectorAt = (slot: number): Value[] => {
    const vector = stack[slot];
    if (!isVector(vector)) throw new VMBug('no-vector', `no vector lies in slot ${slot}`);
    return vector.vector;
  };
  const selectorAt = (index: number): string => {
    const literal = code.literals[index];
    if (literal?.kind !== 'symbol') throw new VMBug('no-selector', `literal ${index} is no selector`);
    return literal.value;
  };
  const leave = (value: Value): Value => {
    if (code.kind === 'method') return value;
    if (!home.isActive) throw new Signal('cannotReturn');
    throw new Return(home, value);
  };
  const literalNamed = (operand: Operand): number => {
    if ('index' in operand) return operand.index;
    throw new VMBug('no-index', `${operand.kind} has no index`);
  };

  for (let pc = 0; ; ) {
    world.burn();
    const { definition, operand, nextPc } = decode(code.bytecodes, pc);
    pc = nextPc;
    switch (definition.name) {
      case 'pushReceiverVariable':
        stack.push(world.instanceVariable);
        break;
      case 'popIntoReceiverVariable':
        world.instanceVariable = pop();
        break;
      case 'storeReceiverVariable':
        world.instanceVariable = pop();
        stack.push(world.instanceVariable);
        break;
      case 'pushLiteralVariable':
        stack.push(world.global);
        break;
      case 'popIntoLiteralVariable':
        world.global = pop();
        break;
      case 'storeLiteralVariable':
        world.global = pop();
        stack.push(world.global);
        break;
      case 'pushLiteral':
        stack.push(literalValue(code.literals[literalNamed(operand)]!));
        break;
      case 'pushTemp':
        stack.push(stack[literalNamed(operand)]!);
        break;
      case 'popIntoTemp': {
        const slot = stack.pop()!;
        stack[literalNamed(operand)] = slot;
        break;
      }
      case 'storeTemp':
        stack[literalNamed(operand)] = stack.at(-1)!;
        break;
      case 'pushRemoteTemp':
      case 'popIntoRemoteTemp':
      case 'storeRemoteTemp': {
        if (operand.kind !== 'remoteTemp') throw new VMBug('no-remote', 'a remote temp has no vector');
        const vector = vectorAt(operand.vector);
        if (definition.name !== 'pushRemoteTemp') vector[operand.index] = pop();
        if (definition.name !== 'popIntoRemoteTemp') stack.push(vector[operand.index]!);
        break;
      }
      case 'pushReceiver':
        stack.push('self');
        break;
      case 'pushThisContext':
        stack.push('thisContext');
        break;
      case 'pushTrue':
      case 'pushFalse':
        stack.push(definition.name === 'pushTrue');
        break;
      case 'pushNil':
        stack.push(null);
        break;
      case 'pushZero':
      case 'pushOne':
        stack.push(definition.name === 'pushOne' ? 1 : 0);
        break;
      case 'pushInteger':
      case 'pushCharacter':
        if (operand.kind === 'integer') stack.push(literalValue({ kind: 'integer', value: BigInt(operand.value) }));
        else if (operand.kind === 'character')
          stack.push(literalValue({ kind: 'character', codePoint: operand.value }));
        break;
      case 'pushArray': {
        if (operand.kind !== 'array') throw new VMBug('no-array', 'an array has no size');
        // Arrays of nils are temp vectors, but for the empty one; brace arrays of the tests are small.
        if (operand.popsElements || operand.size === 0) stack.push(popMany(operand.size));
        else stack.push({ vector: Array.from({ length: operand.size }, () => null) });
        break;
      }
      case 'duplicateTop':
        stack.push(stack.at(-1)!);
        break;
      case 'pop':
        pop();
        break;
      case 'jump':
      case 'popJumpTrue':
      case 'popJumpFalse': {
        if (operand.kind !== 'jump') throw new VMBug('no-jump', 'a jump has no distance');
        const jumps = definition.name === 'jump' || asBoolean(pop()) === (definition.name === 'popJumpTrue');
        if (jumps) pc += operand.distance;
        break;
      }
      case 'sendArithmetic':
      case 'sendSpecial':
      case 'send':
      case 'superSend': {
        if (!('argumentCount' in operand) || operand.kind === 'innerClosure')
          throw new VMBug('no-send', 'a send has no arguments');
        if (operand.kind === 'directedSuperSend') pop();
        const values = popMany(operand.argumentCount);
        const selector =
          operand.kind === 'specialSend' ? SPECIAL_SELECTORS[operand.index]!.selector : selectorAt(operand.index);
        const isToSuper = operand.kind === 'superSend' || operand.kind === 'directedSuperSend';
        stack.push(world.send(pop(), selector, values, isToSuper));
        break;
      }
      case 'pushFullClosure': {
        if (operand.kind !== 'closure') throw new VMBug('no-closure', 'a closure has no code');
        const literal = code.literals[operand.index];
        if (literal?.kind !== 'block') throw new VMBug('no-block', `literal ${operand.index} is no block`);
        const copied = stack.splice(stack.length - operand.copiedCount, operand.copiedCount);
        const { code: block } = literal;
        stack.push({
          argumentCount: block.argumentCount,
          call: (values) => activate(block, [...values, ...copied], home, world),
        });
        break;
      }
      case 'returnReceiver':
        return leave('self');
      case 'returnTrue':
      case 'returnFalse':
        return leave(definition.name === 'returnTrue');
      case 'returnNil':
        return leave(null);
      case 'returnTop':
        return leave(pop());
      case 'blockReturnNil':
        return null;
      case 'blockReturnTop':
        return pop();
      default:
        throw new VMBug('unknown-instruction', `${definition.name} is not run by this evaluator`);
    }
  }
}
