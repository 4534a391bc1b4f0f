/**
 * Generates `native/executor/protocol.h` from layout.ts. The header is committed, so that the executor builds without
 * Node; `node setup.mjs --check-generated` compares. Each table becomes a set of `SFFI_<TABLE>_<NAME>` constants.
 */
import * as layout from './layout.ts';

const constantCase = (name: string) => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();

function constant(name: string, value: number): string {
  const text = value < 0 ? `(${value})` : value > 0x7fff_ffff ? `0x${value.toString(16)}UL` : `0x${value.toString(16)}`;
  return `#define SFFI_${name} ${text}\n`;
}

function table(prefix: string, entries: Readonly<Record<string, number>>): string {
  const rows = Object.entries(entries).map(([name, value]) => constant(`${prefix}_${constantCase(name)}`, value));
  return `\n${rows.join('')}`;
}

/** The whole text of the header. */
export function generate(): string {
  const singles = {
    magic: layout.protocolMagic,
    version: layout.protocolVersion,
    domainBase: layout.domainBase,
    domainBytes: layout.domainBytes,
    headerBytes: layout.headerBytes,
    arenaBase: layout.arenaBase,
    arenaBytes: layout.arenaBytes,
    laneCount: layout.laneCount,
    foreignLaneCount: layout.foreignLaneCount,
    laneStride: layout.laneStride,
    wideFlag: layout.wideFlag,
    thunkCount: layout.thunkCount,
    thunkBytes: layout.thunkBytes,
    deadlineSignal: layout.deadlineSignal,
    entryCount: layout.entryNames.length,
  };
  const entries = Object.fromEntries(layout.entryNames.map((name, index) => [name.replace(/^_+/, ''), index]));
  return [
    '/* Generated from safeffi/protocol/layout.ts; change that file and run: node setup.mjs --generate */\n',
    '#ifndef SAFEFFI_PROTOCOL_H\n#define SAFEFFI_PROTOCOL_H\n\n',
    ...Object.entries(singles).map(([name, value]) => constant(constantCase(name), value)),
    table('HEADER', layout.header),
    table('ENTRY', entries),
    table('BOOT', layout.bootFailure),
    table('LIMIT', layout.limit),
    table('CONFINE', layout.confine),
    table('CONFINED', layout.confined),
    table('PRELOAD', layout.preload),
    table('CHECKPOINT', layout.checkpointRefusal),
    table('LANE', layout.lane),
    table('LINE', layout.line),
    table('WIDE', layout.wide),
    table('WIDE_ARM64', layout.wideArm64),
    table('CONTROL', layout.control),
    table('STATE', layout.state),
    table('NESTED', layout.nested),
    table('CALLBACK', layout.callbackRecord),
    table('CALLBACK_X64', layout.callbackRecordX64),
    table('CALLBACK_ARM64', layout.callbackRecordArm64),
    table('RECORD', layout.record),
    table('KIND', layout.recordKind),
    table('FOREIGN_SLOT', layout.foreignSlot),
    table('FOREIGN', layout.foreignState),
    table('SMALL_SLOT', layout.smallSlot),
    table('MEDIUM_SLOT', layout.mediumSlot),
    '\n#endif\n',
  ].join('');
}
