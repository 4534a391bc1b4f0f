/**
 * A page of documentation as what it can be run as: its TypeScript examples joined to one module, its named files beside. A
 * line `expression; // → value` becomes a check of what it answers, printed as Node prints it; `/…/` is a pattern, `any` only
 * runs the line. Imports are moved to the top, each name once.
 */
import { readFileSync } from 'node:fs';

export interface Page {
  readonly name: string;
  /** Named by the comment in their first line. */
  readonly files: ReadonlyMap<string, string>;
  readonly module: string;
  readonly checks: number;
}

const fence = /^```(\w*)\n([\s\S]*?)^```$/gm;

export function readPage(name: string, url: URL): Page {
  const text = readFileSync(url, 'utf8');
  const files = new Map<string, string>();
  const imports = new Map<string, Set<string>>();
  const body: string[] = [];
  let checks = 0;
  for (const match of text.matchAll(fence)) {
    const [, language, code] = match;
    const firstLine = text.slice(0, match.index).split('\n').length + 1;
    const file = /^(?:\/\*|\/\/) ([\w.-]+\.\w+)/.exec(code!)?.[1];
    if (file !== undefined) files.set(file, code!);
    else if (language === 'ts') {
      for (const [i, line] of code!.split('\n').entries()) {
        const imported = /^import \{ (.*) \} from '(.*)';$/.exec(line);
        if (imported !== null) {
          const names = imports.get(imported[2]!) ?? new Set<string>();
          for (const one of imported[1]!.split(', ')) names.add(one);
          imports.set(imported[2]!, names);
          continue;
        }
        const checked = checkedLine(line, `${name}:${firstLine + i}`);
        if (checked !== line) checks++;
        body.push(checked);
      }
    }
  }
  const heads = [...imports].map(([from, names]) => `import { ${[...names].join(', ')} } from '${from}';`);
  return { name, files, module: [...heads, prelude, ...body].join('\n'), checks };
}

/** Line comments in a string would be taken for checks; no page has one. */
function checkedLine(line: string, where: string): string {
  const match = /^(\s*)(.*?);\s+\/\/ → (.*)$/.exec(line);
  if (match === null) return line;
  const [, indent, code, expected] = match;
  const declared = /^(?:const|let) (\w+)(?:: [^=]+)? = /.exec(code!)?.[1];
  const place = JSON.stringify(where);
  const wanted = expected!.startsWith('/') ? expected! : JSON.stringify(expected);
  if (declared !== undefined) return `${indent}${code}; documented(${declared}, ${wanted}, ${place});`;
  return `${indent}documented(${code}, ${wanted}, ${place});`;
}

const prelude = `import { inspect as inspectDocumented } from 'node:util';
function documented(value: unknown, expected: string | RegExp, where: string): void {
  if (expected === 'any') return;
  const seen = inspectDocumented(value, { breakLength: Number.POSITIVE_INFINITY });
  const isRight = typeof expected === 'string' ? seen === expected : expected.test(String(value));
  if (!isRight) throw new Error(\`\${where}: answers \${seen}, the page says \${String(expected)}\`);
}
`;
