/**
 * The shared layout: its C header is fresh, and its parts do not overlap.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { generate } from '../../safeffi/protocol/c-header.ts';
import * as layout from '../../safeffi/protocol/layout.ts';

test('native/executor/protocol.h is what the generator writes', () => {
  const file = join(fileURLToPath(new URL('../../..', import.meta.url)), 'native', 'executor', 'protocol.h');
  expect(readFileSync(file, 'utf8')).toBe(generate());
});

test('the parts of a lane follow each other', () => {
  const { lane, smallSlot, mediumSlot, record, laneStride, pageBytes } = layout;
  const parts = [
    [lane.stackGuard, lane.stackGuardBytes],
    [lane.overflow, 8 * lane.overflowWords],
    [lane.line, 64],
    [lane.wide, 72],
    [lane.control, 64],
    [lane.record, pageBytes],
    [lane.slotGuard, lane.smallSlots - lane.slotGuard],
    [lane.smallSlots, smallSlot.count * smallSlot.stride],
    [lane.mediumSlots, mediumSlot.count * mediumSlot.stride],
    [laneStride, 0],
  ] as const;
  for (let i = 1; i < parts.length; i++) expect(parts[i - 1]![0] + parts[i - 1]![1]).toBeLessThanOrEqual(parts[i]![0]);
  expect(record.registers + 8 * record.registerLimit).toBeLessThanOrEqual(record.frames);
  expect(record.frames + 8 * record.frameLimit).toBeLessThanOrEqual(record.starts);
  expect(record.starts + 8 * record.frameLimit).toBeLessThanOrEqual(pageBytes);
  expect(lane.line % 64).toBe(0);
  expect(lane.overflow % 16).toBe(0);
});
