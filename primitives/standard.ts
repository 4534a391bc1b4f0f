/**
 * All primitives but those of the FFI, as families; what a program that makes a VM installs. Needs nothing of Node: what
 * belongs to the machine comes in through the VM's host.
 */
import type { PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import type { VM } from '../vm/vm.ts';
import { arrayPrimitives } from './array-and-stream.ts';
import { bitBltPrimitives } from './bitblt/index.ts';
import { controlPrimitives } from './block-and-control.ts';
import { blockContextPrimitives } from './block-context.ts';
import { clockPrimitives } from './clock.ts';
import { consolePluginPrimitives } from './console-plugin.ts';
import { filePrimitives } from './file.ts';
import { floatPrimitives } from './float.ts';
import { heapCheckPrimitives } from './heap-check.ts';
import { heapWalkPrimitives } from './heap-walk.ts';
import { hostPrimitives } from './host.ts';
import { integerPrimitives } from './integer.ts';
import { largeIntegerPrimitives } from './large-integer.ts';
import { memoryManagerPrimitives } from './memory-manager.ts';
import { objectAccessPrimitives } from './object-access.ts';
import { objectPrimitives } from './object-and-class.ts';
import { processPrimitives } from './process.ts';
import { stringPrimitives } from './string.ts';
import { type ImagePath, type SnapshotWriter, systemPrimitives } from './system.ts';
import { v3MethodPrimitives } from './v3-methods.ts';

export type { ImagePath, SnapshotWriter } from './system.ts';

export interface PrimitiveOptions {
  /** Writes the heap to the image's file; without it the image cannot be saved. */
  readonly writeSnapshot?: SnapshotWriter;
  /** The path of the image's file, which a snapshot is written to. */
  readonly imagePath?: ImagePath;
}

export const standardPrimitives = (options: PrimitiveOptions = {}): readonly PrimitiveDefinition[] => [
  ...integerPrimitives,
  ...largeIntegerPrimitives,
  ...floatPrimitives,
  ...arrayPrimitives,
  ...stringPrimitives,
  ...objectAccessPrimitives,
  ...objectPrimitives,
  ...heapWalkPrimitives,
  ...memoryManagerPrimitives,
  ...controlPrimitives,
  ...blockContextPrimitives,
  ...processPrimitives,
  ...clockPrimitives,
  ...systemPrimitives(options.writeSnapshot, options.imagePath),
  ...hostPrimitives,
  ...filePrimitives(),
  ...consolePluginPrimitives,
  ...bitBltPrimitives,
  ...heapCheckPrimitives,
];

export function installPrimitives(vm: VM, options: PrimitiveOptions = {}): void {
  const standard = standardPrimitives(options);
  vm.addPrimitives(standard);
  if (vm.memory.isV3) vm.addPrimitives(v3MethodPrimitives(standard));
}
