/**
 * A fault as the Array that the callout's primitive fails with: the image makes an `FFIFault` of it. Positions are those
 * that `FFIFault`'s accessors read (image/kernel/SafeFFI/FFIFault.class.st), here counted from 0.
 */
import { constants } from 'node:os';
import { type Fault, faultReport, frameText } from '../../safeffi/index.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';

import { asLatin1 } from '../latin1.ts';
import type { ValueConverter } from './values.ts';

/** The number of a signal by its name, on this system. */
const signalNumber = (name: string | undefined): number | undefined =>
  Object.entries(constants.signals).find(([known]) => known === name)?.[1];

/** `id` names the fault to the primitives that resolve it; `smalltalkStack` is the report's line about
 * Smalltalk, `callArguments` the Array of what the callout was made with. */
export function faultFacts(
  memory: ObjectMemory,
  values: ValueConverter,
  fault: Fault,
  id: number,
  smalltalkStack: string,
  callArguments: Oop,
): Oop {
  const text = (value: string | undefined): Oop =>
    value === undefined ? memory.nil : memory.newByteString(asLatin1(value));
  const integer = (value: number | bigint | undefined): Oop =>
    value === undefined ? memory.nil : values.integer(value);
  const texts = (list: readonly string[]): Oop => {
    const array = memory.newArray(list.length);
    list.forEach((element, i) => {
      memory.storePointer(array, i, text(element));
    });
    return array;
  };
  const report = faultReport(fault, { smalltalkStack });
  const registers = Object.entries(fault.registers ?? {});
  const pairs = memory.newArray(registers.length * 2);
  registers.forEach(([name, value], i) => {
    memory.storePointer(pairs, 2 * i, text(name));
    memory.storePointer(pairs, 2 * i + 1, integer(value));
  });
  const argument = fault.argument;
  const overshoot =
    argument === undefined ? undefined : argument.offset < 0 ? argument.offset : argument.offset - argument.sizeBytes;
  const facts: readonly Oop[] = [
    text(fault.kind),
    smallIntegerOop(id),
    text(report),
    integer(signalNumber(fault.signal)),
    text(fault.signal),
    text(fault.code),
    integer(fault.address),
    text(fault.access),
    text(fault.function),
    text(fault.library),
    integer(argument?.position),
    integer(overshoot),
    texts(fault.cFrames.map(frameText)),
    pairs,
    integer(fault.executor.pid),
    integer(fault.executor.generation),
    texts(fault.choices),
    text(report.slice(report.indexOf(': ') + 2).split('\n', 1)[0]),
    callArguments,
  ];
  const array = memory.newArray(facts.length);
  facts.forEach((fact, i) => {
    memory.storePointer(array, i, fact);
  });
  return array;
}
