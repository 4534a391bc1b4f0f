/**
 * The primitive through which an image reads what the command line gave to it: an Array of ByteArrays, UTF-8 as the system
 * gave it, which `SystemDictionary>>arguments` makes Strings of.
 */
import type { PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { ClassIndex, PrimitiveError } from '../vm/memory/well-known.ts';

export function argumentPrimitives(commandLine: readonly string[]): readonly PrimitiveDefinition[] {
  const texts = commandLine.map((argument) => new TextEncoder().encode(argument));
  const slots = texts.reduce((sum, text) => sum + 4 + (text.length >> 2), 4 + texts.length);
  return [
    {
      module: 'SafeFFIHost',
      name: 'primitiveArguments',
      run: (vm, argumentCount) => {
        const { memory } = vm;
        if (!memory.hasRoomFor(slots)) return vm.fail(PrimitiveError.NO_MEMORY);
        const array = memory.newArray(texts.length);
        texts.forEach((text, i) => {
          const bytes = memory.allocateBytes(ClassIndex.BYTE_ARRAY, text.length);
          memory.bytesOf(bytes).set(text);
          memory.storePointer(array, i, bytes);
        });
        return vm.answer(argumentCount, array);
      },
    },
  ];
}
