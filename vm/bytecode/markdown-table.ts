/** The instruction table as a page of documentation: docs/bytecodes.md is what `generate` writes. */
import type { InstructionDefinition } from './instruction.ts';
import { INSTRUCTIONS } from './sista-v1.ts';
import { SPECIAL_SELECTORS } from './special-selectors.ts';
import { V3_INSTRUCTIONS } from './v3.ts';

const rangeText = ({ first, last }: InstructionDefinition): string =>
  first === last ? `${first}` : `${first}-${last}`;
const prefixText = ({ extensions }: InstructionDefinition): string =>
  Array.from(extensions, (letter) => `Ext${letter}`).join(', ');

function rowOf(definition: InstructionDefinition): string {
  const { name, length, stackEffect, flow } = definition;
  const cells = [rangeText(definition), name, `${length}`, prefixText(definition), `\`${stackEffect}\``, flow];
  return `| ${cells.join(' | ')} |`;
}

/** The whole page. */
export function generate(): string {
  const selectors = SPECIAL_SELECTORS.map(({ selector }, index) => `${96 + index} \`${selector}\``).join(', ');
  return [
    '# Bytecodes',
    '',
    'The instruction set of our images: Sista V1, as Pharo, Squeak and Cuis have it. This page is generated from',
    '`vm/bytecode/sista-v1.ts`, which says how operands are decoded; the interpreter, the compiler, the disassembler and the',
    'stack checker go by the same table.',
    '',
    '| bytecode | name | bytes | prefixes | stack | control goes |',
    '|---|---|---|---|---|---|',
    ...INSTRUCTIONS.map(rowOf),
    '',
    'ExtA (224) is an unsigned prefix and ExtB (225) one whose first byte is signed; each holds 8 bits, more of them make',
    'greater values, and the next bytecode uses them up. In a block, 88 to 92 return from the home method, 93 and 94 to the',
    "block's caller.",
    '',
    `Special sends: ${selectors}.`,
    '',
    '## V3',
    '',
    "The instruction set of images from before Sista V1, generated from `vm/bytecode/v3.ts`. A method's header says which set it uses, so both",
    'may meet in one image. 138 to 143 are those of closures; images with Blue Book blocks make blocks by 200, `blockCopy:`.',
    '',
    '| bytecode | name | bytes | stack | control goes |',
    '|---|---|---|---|---|',
    ...V3_INSTRUCTIONS.map(
      (definition) =>
        `| ${rangeText(definition)} | ${definition.name} | ${definition.length} | \`${definition.stackEffect}\` | ${definition.flow} |`,
    ),
    '',
  ].join('\n');
}
