import { escaped } from './report.ts'

/** Rows as text, in columns two blanks apart; the last one is not padded. Nothing in a cell can steer a terminal. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(cell))
  const widths: number[] = []
  for (const row of cells) for (const [i, text] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, [...text].length)
  const lines = cells.map((row) =>
    row
      .map((text, i) => (i === row.length - 1 ? text : text + ' '.repeat((widths[i] ?? 0) - [...text].length)))
      .join('  ')
      .trimEnd(),
  )
  return lines.map((line) => `${line}\n`).join('')
}

function cell(text: string): string {
  return escaped(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t')
}
