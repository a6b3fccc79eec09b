/** Tables: as wide as the terminal, and as wide as what is in them where a file or a program gets them. */
import { styled, wrapped } from './output.ts'

export type Column = {
  head: string
  /** Numbers, which are compared by their ends; in a pipe they stay where programs found them. */
  right?: true
  /** Of its characters, in a terminal. */
  most?: number
  /** @param padded what is printed @param cell what is in it */
  style?: (padded: string, cell: string) => string
}

const GAP = '  '
/** If the last column is narrower than this, as on a phone, its text is printed on separate lines below the row. */
const LEAST_LAST = 16
const INDENT = 4

/** @returns a width in characters; `undefined` where there is no terminal */
export const widthOf = (stream: NodeJS.WriteStream): number | undefined =>
  stream.isTTY ? stream.columns || 80 : undefined

/** The last column may be as long as it is: in a terminal it has as many lines as it needs. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const width = widthOf(stream)
  const shown =
    width === undefined
      ? rows
      : rows.map(cells => cells.map((cell, i) => beginningOf(cell, columns[i]!.most ?? cell.length)))
  // Not `Math.max(...)`: it takes no 200,000 arguments.
  const widths = columns.map(({ head }, i) =>
    shown.reduce((most, cells) => Math.max(most, cells[i]!.length), head.length),
  )
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + GAP.length, 0)
  const padded = (cells: readonly string[], styles: boolean) =>
    columns.slice(0, -1).map(({ right, style = text => text }, i) => {
      const text =
        right && width !== undefined ? cells[i]!.padStart(widths[i]!) : cells[i]!.padEnd(widths[i]!)
      return styles ? style(text, cells[i]!) : text
    })
  const line = (cells: readonly string[], styles: boolean) =>
    placed(padded(cells, styles).join(GAP), cells.at(-1)!, before, width)
  const heads = columns.map(({ head }) => head)
  return [styled('dim', line(heads, false), stream), ...shown.map(cells => line(cells, true))].join('\n')
}

/** The beginning, with a mark that there is more. */
export const beginningOf = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, Math.max(0, most - 1))}…` : text

/** @param beside what is on its line @param before how many characters that has @param width those of a line */
function placed(beside: string, cell: string, before: number, width: number | undefined): string {
  if (width === undefined || before + cell.length <= width) return `${beside}${GAP}${cell}`.trimEnd()
  const isBeside = width - before >= LEAST_LAST
  const room = Math.max(LEAST_LAST, isBeside ? width - before : width - INDENT)
  const words = cell.split(' ').flatMap(word => (word.length > room ? pieces(word, room) : word))
  const text = wrapped(words.join(' '), room, isBeside ? before : INDENT)
  return isBeside ? `${beside}${GAP}${text}` : `${beside.trimEnd()}\n${' '.repeat(INDENT)}${text}`
}

/** Of a word that fits on no line. */
function pieces(word: string, most: number): string[] {
  const characters = [...word]
  const count = Math.ceil(characters.length / most)
  return Array.from({ length: count }, (_, i) => characters.slice(i * most, (i + 1) * most).join(''))
}
