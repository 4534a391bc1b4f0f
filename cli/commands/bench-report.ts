/** A benchmark's report for people: the conditions on a line, then a table. */
import type { BenchReport } from '../../bench/callout.ts';
import { printResult } from '../output.ts';

export function printReport(report: Pick<BenchReport, 'conditions' | 'results'>): void {
  printResult(
    Object.entries(report.conditions)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  );
  const rows = report.results.map(({ name, subject, median, p99, least, runs, unit }) => [
    name,
    subject,
    `${median} ${unit}`,
    `${p99} ${unit}`,
    least === undefined ? '' : `${least} ${unit}`,
    String(runs),
  ]);
  const table = [['', 'subject', 'median', '99 %', 'least', 'runs'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table)
    printResult(
      row
        .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    );
}
