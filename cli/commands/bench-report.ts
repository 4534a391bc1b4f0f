/** A benchmark's report for people: the conditions on a line, then a table. */
import type { BenchReport } from '../../bench/callout.ts';
import { printResult } from '../output.ts';

function printConditions(conditions: BenchReport['conditions']): void {
  printResult(
    Object.entries(conditions)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  );
}

/** Figures with their median and the worst of the runs. */
export function printMedians(report: {
  readonly conditions: BenchReport['conditions'];
  readonly results: readonly {
    readonly name: string;
    readonly subject: string;
    readonly unit: string;
    readonly median: number;
    readonly worst: number;
    readonly runs: number;
  }[];
}): void {
  printConditions(report.conditions);
  const number = (value: number): string => value.toLocaleString('en-US');
  printTable(
    ['', 'subject', 'median', 'worst', 'runs'],
    report.results.map(({ name, subject, unit, median, worst, runs }) => [
      name,
      subject,
      `${number(median)} ${unit}`,
      number(worst),
      String(runs),
    ]),
  );
}

/** What stands in the first two columns is text, what follows figures. Rows are as long as the heading. */
function printTable(heading: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table)
    printResult(
      row
        .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    );
}

export function printReport(report: Pick<BenchReport, 'conditions' | 'results'>): void {
  printConditions(report.conditions);
  printTable(
    ['', 'subject', 'median', '99 %', 'least', 'runs'],
    report.results.map(({ name, subject, median, p99, least, runs, unit }) => [
      name,
      subject,
      `${median} ${unit}`,
      `${p99} ${unit}`,
      least === undefined ? '' : `${least} ${unit}`,
      String(runs),
    ]),
  );
}
