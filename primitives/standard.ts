/**
 * All primitives but those of the FFI, as families; what a program that makes a VM installs. Needs nothing of Node: what
 * belongs to the machine comes in through the VM's host.
 */
import type { PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import type { VM } from '../vm/vm.ts';
import { allocationPrimitives } from './allocation.ts';
import { arrayPrimitives } from './array-and-stream.ts';
import { bitBltPrimitives } from './bitblt/index.ts';
import { controlPrimitives } from './block-and-control.ts';
import { blockContextPrimitives } from './block-context.ts';
import { cTypePrimitives } from './c-types.ts';
import { clockPrimitives } from './clock.ts';
import { consolePluginPrimitives } from './console-plugin.ts';
import { contextPrimitives } from './contexts.ts';
import { Display } from './display/display.ts';
import { displayPrimitives } from './display/index.ts';
import { dsaPluginPrimitives } from './dsa-plugin.ts';
import { filePrimitives } from './file.ts';
import { fileAttributesPrimitives } from './file-attributes-plugin.ts';
import { floatPrimitives } from './float.ts';
import { floatArrayPluginPrimitives } from './float-array-plugin.ts';
import { floatMathPluginPrimitives } from './float-math-plugin.ts';
import { heapCheckPrimitives } from './heap-check.ts';
import { heapWalkPrimitives } from './heap-walk.ts';
import { hostPrimitives } from './host.ts';
import { indirectCallPrimitives } from './indirect-call.ts';
import { inputPrimitives } from './input/index.ts';
import { UserInput } from './input/user-input.ts';
import { integerPrimitives } from './integer.ts';
import { largeIntegerPrimitives } from './large-integer.ts';
import { largeIntegersPluginPrimitives } from './large-integers-plugin.ts';
import { matrixPluginPrimitives } from './matrix-plugin.ts';
import { memoryManagerPrimitives } from './memory-manager.ts';
import { miscPluginPrimitives } from './misc-plugin.ts';
import { mutexPrimitives } from './mutex.ts';
import { objectAccessPrimitives } from './object-access.ts';
import { objectPrimitives } from './object-and-class.ts';
import { platformPluginPrimitives } from './platform-plugins.ts';
import { processPrimitives } from './process.ts';
import { rawElementPrimitives } from './raw-elements.ts';
import { soundPrimitives } from './sound-plugin.ts';
import { streamPrimitives } from './stream.ts';
import { stringPrimitives } from './string.ts';
import { type ImagePath, type SnapshotWriter, systemPrimitives } from './system.ts';
import { v3MethodPrimitives } from './v3-methods.ts';
import { v3Numbers } from './v3-numbers.ts';
import { vmServicePrimitives } from './vm-services.ts';
import { zipPluginPrimitives } from './zip-plugin.ts';

export type { ImagePath, SnapshotWriter } from './system.ts';

export interface PrimitiveOptions {
  /** Writes the heap to the image's file; without it the image cannot be saved. */
  readonly writeSnapshot?: SnapshotWriter;
  /** The path of the image's file, which a snapshot is written to. */
  readonly imagePath?: ImagePath;
  /** What the image's user does; without one nobody does anything. */
  readonly userInput?: UserInput;
  /** What is known of the image's screen. */
  readonly display?: Display;
}

/** Primitives that belong together, under the name of their file or folder. */
export interface PrimitiveFamily {
  readonly family: string;
  readonly definitions: readonly PrimitiveDefinition[];
}

const family = (name: string, definitions: readonly PrimitiveDefinition[]): PrimitiveFamily => ({
  family: name,
  definitions,
});

export function standardFamilies(options: PrimitiveOptions = {}): readonly PrimitiveFamily[] {
  const display = options.display ?? new Display();
  return [
    family('integer', integerPrimitives),
    family('large-integer', largeIntegerPrimitives),
    family('float', floatPrimitives),
    family('array-and-stream', arrayPrimitives),
    family('string', stringPrimitives),
    family('stream', streamPrimitives),
    family('raw-elements', rawElementPrimitives),
    family('c-types', cTypePrimitives),
    family('allocation', allocationPrimitives),
    family('object-access', objectAccessPrimitives),
    family('object-and-class', objectPrimitives),
    family('heap-walk', heapWalkPrimitives),
    family('memory-manager', memoryManagerPrimitives),
    family('block-and-control', controlPrimitives),
    family('contexts', contextPrimitives),
    family('block-context', blockContextPrimitives),
    family('process', processPrimitives),
    family('indirect-call', indirectCallPrimitives),
    family('mutex', mutexPrimitives),
    family('clock', clockPrimitives),
    family('vm-services', vmServicePrimitives()),
    family('misc-plugin', miscPluginPrimitives),
    family('float-array-plugin', floatArrayPluginPrimitives),
    family('float-math-plugin', floatMathPluginPrimitives),
    family('matrix-plugin', matrixPluginPrimitives),
    family('zip-plugin', zipPluginPrimitives),
    family('dsa-plugin', dsaPluginPrimitives),
    family('platform-plugins', platformPluginPrimitives),
    family('file-attributes-plugin', fileAttributesPrimitives()),
    family('large-integers-plugin', largeIntegersPluginPrimitives),
    family('system', systemPrimitives(options.writeSnapshot, options.imagePath)),
    family('host', hostPrimitives),
    family('file', filePrimitives()),
    family('console-plugin', consolePluginPrimitives),
    family('bitblt', bitBltPrimitives(display)),
    family('display', displayPrimitives(display)),
    family('input', inputPrimitives(options.userInput ?? new UserInput(), display)),
    family('sound-plugin', soundPrimitives),
    family('heap-check', heapCheckPrimitives),
  ];
}

export const standardPrimitives = (options: PrimitiveOptions = {}): readonly PrimitiveDefinition[] =>
  standardFamilies(options).flatMap(({ definitions }) => definitions);

export function installPrimitives(vm: VM, options: PrimitiveOptions = {}): void {
  const standard = standardPrimitives(options);
  vm.addPrimitives(standard);
  if (!vm.memory.isV3) return;
  const numbers = v3Numbers(standard);
  vm.addPrimitives(numbers);
  vm.addPrimitives(v3MethodPrimitives([...standard, ...numbers]));
}
