/**
 * docs/primitives.md: every primitive that the VM runs, from the definitions that it runs, beside the numbers and modules that Squeak's and
 * Pharo's VMs know. `node setup.mjs --generate` writes it, `npm run check` compares.
 */
import type { PrimitiveDefinition } from '../../vm/interpreter/primitive-table.ts';
import { type PrimitiveFamily, standardFamilies } from '../standard.ts';
import { systemAttributePrimitives } from '../system-attributes.ts';
import { v3MethodPrimitives } from '../v3-methods.ts';
import { v3Numbers } from '../v3-numbers.ts';
import { KNOWN_PRIMITIVES, OTHER_MODULES } from './known-modules.ts';
import { type KnownNumber, knownNumbers } from './known-numbers.ts';

const HEAD = `# Primitives

Generated from the definitions in \`primitives/\` by \`node setup.mjs --generate\`: what stands here is what the VM runs. Names are those of Squeak's and
Pharo's VMs, selectors those of methods that call the primitive there. A primitive that fails leaves the stack as it was and a code, and the method's
Smalltalk code runs; the last column says with which codes. Every one may also fail with \`UNSUPPORTED\` where the host has no files, say.
\`safeffi run IMAGE --report-primitives\` says what an image asked for in vain.
`;

interface Listed {
  readonly family: string;
  readonly definition: PrimitiveDefinition;
}

/** What an image session adds with the command's own facts. */
const sessionFamily = (): PrimitiveFamily => ({
  family: 'system-attributes',
  definitions: systemAttributePrimitives({
    vmPath: '',
    imagePath: () => '',
    imageArguments: [],
    platform: '',
    platformVersion: '',
    processor: '',
    vmVersion: '',
  }),
});

/** All that an image session has, but for the callout engine's own module. */
export function listedFamilies(): readonly PrimitiveFamily[] {
  return [...standardFamilies({ writeSnapshot: () => undefined, imagePath: { path: '' } }), sessionFamily()];
}

const cell = (text: string): string => text.replaceAll('|', '\\|') || '-';
const code = (text: string): string => (text === '' ? '-' : `\`${text.replaceAll('|', '\\|')}\``);
const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const counts = ({ takes }: PrimitiveDefinition): string => (takes === undefined ? 'any' : [takes].flat().join(', '));
const failures = ({ fails = [] }: PrimitiveDefinition): string => fails.join(', ').toLowerCase().replaceAll('_', ' ');

function numberedSection(listed: readonly Listed[]): string {
  const rows = listed
    .flatMap(({ family, definition }) =>
      'number' in definition ? [{ family, definition, number: definition.number }] : [],
    )
    .sort((a, b) => a.number - b.number)
    .map(({ family, definition, number }) =>
      row(
        String(number),
        definition.name,
        code(definition.selectors ?? ''),
        cell(counts(definition)),
        family,
        cell(failures(definition)),
      ),
    );
  return [
    '## By number',
    '',
    row('number', 'name', 'selectors', 'arguments', 'family', 'fails with'),
    row('---', '---', '---', '---', '---', '---'),
    ...rows,
    row('117', 'primitiveExternalCall', '-', '-', 'the interpreter', 'not found'),
    row('256-263', 'quick returns: `self true false nil -1 0 1 2`', '-', '0', 'the interpreter', '-'),
    row('264-519', 'quick returns: instance variable number - 264', '-', '0', 'the interpreter', '-'),
  ].join('\n');
}

function namedSection(listed: readonly Listed[]): string {
  const modules = new Map<string, Listed[]>();
  for (const each of listed) {
    if ('number' in each.definition) continue;
    const { module } = each.definition;
    modules.set(module, [...(modules.get(module) ?? []), each]);
  }
  const rows = [...modules]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([module, primitives]) =>
      primitives.map(({ family, definition }) =>
        row(
          module === '' ? '(the VM)' : module,
          definition.name,
          counts(definition),
          family,
          cell(failures(definition)),
        ),
      ),
    );
  return [
    '## By module and name',
    '',
    row('module', 'name', 'arguments', 'family', 'fails with'),
    row('---', '---', '---', '---', '---'),
    ...rows,
  ].join('\n');
}

const namesOf = ({ squeak, pharo, beforeClosures }: KnownNumber): string[] =>
  [squeak, pharo, beforeClosures].filter((name) => name !== undefined);

const reasonFor = (known: KnownNumber): string =>
  WHY_NOT.find(([part]) => namesOf(known).some((name) => part.test(name)))?.[1] ?? '-';

function missingSection(listed: readonly Listed[]): string {
  const all = [...listed.map(({ definition }) => definition), ...v3Definitions()];
  const ours = new Set(all.flatMap((definition) => ('number' in definition ? [definition.number] : [])));
  const rows = knownNumbers()
    .filter((known) => !ours.has(known.number) && known.number !== 117)
    .map((known) =>
      row(String(known.number), known.squeak ?? '-', known.pharo ?? '-', known.beforeClosures ?? '-', reasonFor(known)),
    );
  return [
    '## Numbers of theirs that fail here',
    '',
    row('number', 'Squeak', 'Pharo', 'before closures', 'why'),
    row('---', '---', '---', '---', '---'),
    ...rows,
  ].join('\n');
}

/** Reasons, by a name that a number has: text that its name may hold, and why. */
const WHY_NOT: readonly (readonly [part: RegExp, why: string])[] = [
  [/^primitiveExitToDebugger$/, "it would end the VM; the image's own code runs instead"],
  [/ImageSegment$/, 'objects stored in the layout of one VM'],
  [/^primitiveCalloutToFFI$/, 'callouts are those of module SafeFFI; call pragmas are compiled to them'],
  [/PermSpace/, 'there is no permanent space'],
  [/ExternalAddress$/, "C's memory is in another process; module SafeFFI reads and writes it"],
  [/VMProfil|CogCode/, 'there is no profiler of that kind and no machine code'],
  [/^primitiveSuspendBackingUp/, '88, and waits that go on, are of module SafeFFIProcess'],
  [/Sound|^prim.*Sound|MIDI|Code(c|Mono|Stereo)|Decode|Encode/, 'no sound'],
  [/Socket|Resolver|Network/, 'no sockets by number'],
  [/Serial|Joystick|Tablet/, 'no such devices'],
  [/AsyncFile/, 'files are read and written at once'],
  [/^primitiveFormPrint$/, 'no printer'],
];

/** As the VM's table takes them: of two with one number or name the later. */
function listedDefinitions(): readonly Listed[] {
  const byKey = new Map<string, Listed>();
  for (const { family, definitions } of listedFamilies())
    for (const definition of definitions) {
      const key = 'number' in definition ? String(definition.number) : `${definition.module}.${definition.name}`;
      byKey.set(key, { family, definition });
    }
  return [...byKey.values()];
}

/** What stands in for others, or for nothing, where an image came from V3. */
export function v3Definitions(): readonly PrimitiveDefinition[] {
  const standard = listedFamilies().flatMap(({ definitions }) => definitions);
  const numbers = v3Numbers(standard);
  return [...numbers, ...v3MethodPrimitives([...standard, ...numbers])];
}

function v3Section(): string {
  const names = new Map(
    v3Definitions().flatMap((definition) =>
      'number' in definition ? [[definition.number, definition.name] as const] : [],
    ),
  );
  const rows = [...names].sort(([a], [b]) => a - b).map(([number, name]) => row(String(number), name));
  return [
    '## In images that came from V3',
    '',
    'These numbers have a meaning of their own there, beside the one above where the arguments tell them apart (`v3-numbers`), or see methods and hashes as',
    'V3 has them (`v3-methods`).',
    '',
    row('number', 'name'),
    row('---', '---'),
    ...rows,
  ].join('\n');
}

function modulesSection(listed: readonly Listed[]): string {
  const ours = new Set(
    listed.flatMap(({ definition }) => ('module' in definition ? [`${definition.module}.${definition.name}`] : [])),
  );
  const known = Object.entries(KNOWN_PRIMITIVES).map(([module, names]) => {
    const all = names.split(' ');
    const missing = all.filter((name) => !ours.has(`${module}.${name}`));
    return row(module, `${all.length - missing.length} of ${all.length}`, cell(missing.join(', ')));
  });
  return [
    '## Modules of theirs',
    '',
    row('module', 'here', 'missing'),
    row('---', '---', '---'),
    ...known,
    ...Object.entries(OTHER_MODULES).map(([module, what]) => {
      const count = [...ours].filter((name) => name.startsWith(`${module}.`)).length;
      return row(module, count === 0 ? 'nothing' : `${count}, see above`, what);
    }),
  ].join('\n');
}

export function generate(): string {
  const listed = listedDefinitions();
  return `${HEAD}\n${numberedSection(listed)}\n\n${namedSection(listed)}\n\n${v3Section()}\n\n${missingSection(listed)}\n\n${modulesSection(listed)}\n`;
}
