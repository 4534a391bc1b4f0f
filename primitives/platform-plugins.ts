/**
 * Small modules that tell of the machine: UUIDPlugin (random identifiers), LocalePlugin (the language's own `Intl`), SecurityPlugin (what an image
 * may do: all, this VM has no sandbox of that kind; folders for untrusted code are not offered).
 *
 * The locale is that of the JavaScript engine, which takes it from the environment.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { NO_OOP, smallIntegerOop } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { isByteObject } from './operands.ts';
import { utf8Text } from './utf8-text.ts';

const UUID_BYTES = 16;

/** Fills 16 bytes with a random UUID (RFC 9562, version 4). */
const makeUUID: Primitive = (vm) => {
  const { memory } = vm;
  const target = vm.stackValue(0);
  if (!isByteObject(memory, target) || memory.byteSizeOf(target) !== UUID_BYTES)
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (memory.isImmutable(target)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const uuid = crypto.getRandomValues(new Uint8Array(UUID_BYTES));
  uuid[6] = (uuid[6]! & 0x0f) | 0x40;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  memory.bytesOf(target).set(uuid);
  return vm.answer(0, target);
};

// Locale

const SECONDS_PER_MINUTE = 60;
const MEASURED_OTHERWISE: ReadonlySet<string> = new Set(['US', 'LR', 'MM']);

const locale = (): Intl.Locale => new Intl.Locale(new Intl.NumberFormat().resolvedOptions().locale).maximize();

/** The part of a number, as it is written here, that is of a kind. */
const numberPart = (kind: 'decimal' | 'group'): string =>
  new Intl.NumberFormat().formatToParts(1_234_567.8).find(({ type }) => type === kind)?.value ?? '';

/** How a date or time is written here, in Squeak's letters: d and y, m for months in dates and minutes in times, h for hours. */
function pattern(options: Intl.DateTimeFormatOptions): string {
  const letters: Readonly<Record<string, string>> = {
    day: 'd',
    month: 'm',
    year: 'yyyy',
    weekday: 'w',
    hour: 'h',
    minute: 'm',
    second: 's',
    dayPeriod: 'x',
  };
  return new Intl.DateTimeFormat(undefined, options)
    .formatToParts(new Date(2001, 1, 3, 4, 5, 6))
    .map(({ type, value }) => letters[type] ?? value.replaceAll('\u202f', ' '))
    .join('');
}

/** Standard time and summer time differ in their offsets, if the zone has both. */
function isSummerTime(): boolean {
  const now = new Date();
  const offsets = [0, 6].map((month) => -new Date(now.getFullYear(), month, 1).getTimezoneOffset());
  return -now.getTimezoneOffset() !== Math.min(...offsets);
}

const text =
  (of: () => string): Primitive =>
  (vm) => {
    const oop = utf8Text(vm.memory, of());
    return oop === NO_OOP ? vm.fail(PrimitiveError.NO_MEMORY) : vm.answer(0, oop);
  };
const truth =
  (of: (vm: Interpreter) => boolean): Primitive =>
  (vm) =>
    vm.answer(0, vm.memory.booleanOop(of(vm)));
/** Minutes that local time is ahead of UTC. */
const offsetMinutes: Primitive = (vm) =>
  vm.answer(0, smallIntegerOop(Math.round(vm.host.utcOffsetSeconds() / SECONDS_PER_MINUTE)));

const LOCALE: readonly (readonly [name: string, run: Primitive])[] = [
  ['primitiveLanguage', text(() => locale().language)],
  ['primitiveCountry', text(() => locale().region ?? '')],
  ['primitiveDecimalSymbol', text(() => numberPart('decimal'))],
  ['primitiveDigitGroupingSymbol', text(() => numberPart('group'))],
  ['primitiveShortDateFormat', text(() => pattern({ dateStyle: 'short' }))],
  ['primitiveLongDateFormat', text(() => pattern({ dateStyle: 'long' }))],
  ['primitiveTimeFormat', text(() => pattern({ timeStyle: 'medium' }))],
  ['primitiveMeasurementMetric', truth(() => !MEASURED_OTHERWISE.has(locale().region ?? ''))],
  ['primitiveDaylightSavings', truth(isSummerTime)],
  ['primitiveTimezoneOffset', offsetMinutes],
  ['primitiveVMOffsetToUTC', offsetMinutes],
];

// Security

const yes = truth(() => true);
/** What would take a permission away, which cannot be had again: refused, so that no image believes itself to be confined. */
const refused: Primitive = (vm) => vm.fail(PrimitiveError.UNSUPPORTED);

const SECURITY: readonly (readonly [name: string, run: Primitive])[] = [
  ['primitiveCanWriteImage', yes],
  ['primitiveDisableImageWrite', refused],
  ['primitiveGetSecureUserDirectory', refused],
  ['primitiveGetUntrustedUserDirectory', refused],
];

const UUID_FAILS: readonly FailureName[] = ['BAD_RECEIVER', 'NO_MODIFICATION'];

export const platformPluginPrimitives: readonly PrimitiveDefinition[] = [
  { module: 'UUIDPlugin', name: 'primitiveMakeUUID', takes: 0, fails: UUID_FAILS, run: makeUUID },
  ...LOCALE.map(
    ([name, run]): PrimitiveDefinition => ({
      module: 'LocalePlugin',
      name,
      takes: 0,
      fails: run === offsetMinutes ? [] : ['NO_MEMORY'],
      run,
    }),
  ),
  ...SECURITY.map(([name, run]): PrimitiveDefinition => ({ module: 'SecurityPlugin', name, takes: 0, fails: [], run })),
];
