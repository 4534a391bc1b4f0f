/**
 * What an image may ask of the VM by number: 149, system attributes, and 142, the folder of the VM. 0 is the program, 1 the image's file,
 * 2 and up the arguments of the command line, negative ones the program's own; 1001 the operating system, 1002 its version, 1003 the
 * processor, 1004 to 1009 what VM this is. Unknown numbers answer nil, as elsewhere.
 * Source: `primitiveGetAttribute` and the method System>>getSystemAttribute: in Squeak.
 */
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { isSmallInteger, smallIntegerValue } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';

export interface SystemAttributes {
  /** The program that runs the VM. */
  readonly vmPath: string;
  /** Asked for each time: a snapshot may have changed it. */
  readonly imagePath: () => string;
  readonly imageArguments: readonly string[];
  /** `linux`, its release, the processor's name. */
  readonly platform: string;
  readonly platformVersion: string;
  readonly processor: string;
  readonly vmVersion: string;
}

const FIRST_ARGUMENT = 2;
const FIRST_FACT = 1001;

/** Squeak's names of systems, which images compare. */
const SYSTEM_NAMES: Readonly<Record<string, string>> = { linux: 'unix', darwin: 'Mac OS', win32: 'Win32' };

function attribute(attributes: SystemAttributes, number: number): string | undefined {
  if (number === 0) return attributes.vmPath;
  if (number === 1) return attributes.imagePath();
  if (number < 0) return undefined;
  if (number < FIRST_FACT) return attributes.imageArguments[number - FIRST_ARGUMENT];
  const system = SYSTEM_NAMES[attributes.platform] ?? attributes.platform;
  const facts = [
    system,
    attributes.platformVersion,
    attributes.processor,
    attributes.vmVersion,
    'none',
    attributes.vmVersion,
    'interpreter',
    'none',
    attributes.vmVersion,
  ];
  return facts[number - FIRST_FACT];
}

export function systemAttributePrimitives(attributes: SystemAttributes): readonly PrimitiveDefinition[] {
  const getAttribute: Primitive = (vm) => {
    const { memory } = vm;
    const number = vm.stackValue(0);
    if (!isSmallInteger(number)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const text = attribute(attributes, smallIntegerValue(number));
    if (text === undefined) return vm.answer(1, memory.nil);
    return vm.answer(1, memory.newByteString(bytesAsText(text)));
  };
  const vmPath: Primitive = (vm, argumentCount) => {
    const folder = attributes.vmPath.slice(0, attributes.vmPath.lastIndexOf('/') + 1);
    return vm.answer(argumentCount, vm.memory.newByteString(bytesAsText(folder)));
  };
  return [
    { number: 142, name: 'primitiveVMPath', selectors: 'vmPath', takes: 0, fails: [], run: vmPath },
    {
      number: 149,
      name: 'primitiveGetAttribute',
      selectors: 'getSystemAttribute:',
      takes: 1,
      fails: ['BAD_ARGUMENT'],
      run: getAttribute,
    },
  ];
}

/** UTF-8, a character for each byte: what images expect of the VM's texts. */
function bytesAsText(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}
