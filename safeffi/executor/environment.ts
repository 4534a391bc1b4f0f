/**
 * The environment that an executor starts with: what C libraries legitimately read, and nothing else. Tokens and keys
 * that stand in this process's environment stay out of reach of the C code.
 */
const kept = [
  'HOME',
  'PATH',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'LD_LIBRARY_PATH',
];
const keptPrefixes = ['LC_', 'XDG_'];

/** `NAME=value` texts for a new executor; `extra` comes on top and wins. */
export function scrubbedEnvironment(extra: Readonly<Record<string, string>> = {}): string[] {
  const result = new Map<string, string>();
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && (kept.includes(name) || keptPrefixes.some((prefix) => name.startsWith(prefix)))) {
      result.set(name, value);
    }
  }
  for (const [name, value] of Object.entries(extra)) result.set(name, value);
  return [...result].map(([name, value]) => `${name}=${value}`);
}
