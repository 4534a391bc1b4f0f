/**
 * JavaScript objects that Smalltalk holds: each stands in a table under a number, and the image's HostObject has the number. One
 * object has one number as long as it is in the table.
 */
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerValue } from '../vm/memory/oop.ts';
import { ClassIndex, PrimitiveError } from '../vm/memory/well-known.ts';
import type { Values } from './values.ts';

/** The number of a HostObject is its one variable. */
const ID_SLOT = 0;

export class HostObjects {
  private readonly objects = new Map<number, object>();
  private readonly ids = new Map<object, number>();
  private nextId = 1;

  idOf(object: object): number {
    let id = this.ids.get(object);
    if (id === undefined) {
      id = this.nextId++;
      this.ids.set(object, id);
      this.objects.set(id, object);
    }
    return id;
  }

  at(id: number): object | undefined {
    return this.objects.get(id);
  }

  release(object: object): void {
    const id = this.ids.get(object);
    if (id === undefined) return;
    this.ids.delete(object);
    this.objects.delete(id);
  }
}

/** The number of a HostObject; undefined for an oop that is none. */
export function hostIdOf(memory: ObjectMemory, oop: Oop, hostClass: Oop): number | undefined {
  if (isImmediate(oop) || memory.classOf(oop) !== hostClass) return undefined;
  const id = memory.fetchPointer(oop, ID_SLOT);
  return isSmallInteger(id) ? smallIntegerValue(id) : undefined;
}

/** What `object` answers to `name`: a method's result, a property; with a value, sets the property. No name: it is a function. */
function perform(object: object, name: string | undefined, values: unknown[]): unknown {
  if (name === undefined) {
    if (typeof object !== 'function') throw new TypeError('the object is no function');
    return Reflect.apply(object, undefined, values);
  }
  const member: unknown = Reflect.get(object, name);
  if (typeof member === 'function') return Reflect.apply(member, object, values);
  if (values.length === 0) {
    if (!Reflect.has(object, name)) throw new TypeError(`the object has no property ${name}`);
    return member;
  }
  if (values.length > 1) throw new TypeError(`${name} is no method of the object`);
  Reflect.set(object, name, values[0]);
  return values[0];
}

/**
 * `aHostObject primitiveSend: nameOrNil with: anArray`. A JavaScript error fails the primitive with its message; objects move while
 * JavaScript runs, so nothing that was read from the stack before is used afterwards.
 */
export function hostObjectPrimitives(values: Values): readonly PrimitiveDefinition[] {
  const send: Primitive = (vm) => {
    const { memory } = vm;
    const object = values.hostObject(vm.stackValue(2));
    const name = vm.stackValue(1);
    const list = vm.stackValue(0);
    if (object === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    if (isImmediate(list) || memory.classIndexOfObject(list) !== ClassIndex.ARRAY)
      return vm.fail(PrimitiveError.BAD_ARGUMENT);
    if (name !== memory.nil && (isImmediate(name) || !memory.isBytes(name)))
      return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const text = name === memory.nil ? undefined : memory.stringValueOf(name);
    try {
      const result = perform(object, text, values.fromSmalltalk(list) as unknown[]);
      return vm.answer(
        2,
        values.toSmalltalk(result, () => vm.collect()),
      );
    } catch (error) {
      // Whatever a program's function throws is Smalltalk's to handle, except what says that the VM itself is broken.
      if (values.isFatal(error)) throw error;
      return vm.failWith(values.text(error instanceof Error ? error.message : String(error), () => vm.collect()));
    }
  };
  return [{ module: 'SafeFFIHost', name: 'primitiveSendToHostObject', run: send }];
}
