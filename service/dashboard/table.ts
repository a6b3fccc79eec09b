import { type Html, html } from './html.ts'

/** Its heading, what stands in it for a row, and its class. */
export type Column<Row> = [
  name: string,
  cell: (row: Row) => Html | null,
  kind?: 'number' | 'roomy' | 'action',
]

/** @param cards on a narrow screen each row becomes a card, in which a cell shows its column's name */
export function table<Row>(
  title: string,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { note, empty, cards = false }: { note: string | null; empty: string; cards?: boolean },
): Html {
  const heading = html`<h2>${title}${note === null ? null : html` <span class="soft">${note}</span>`}</h2>`
  if (rows.length === 0) return html`<section>${heading}<p class="soft">${empty}</p></section>`
  const heads = columns.map(([name, , kind]) => html`<th scope="col"${classed(kind)}>${name}</th>`)
  return html`<section>${heading}<table${classed(cards ? 'cards' : undefined)}>
<thead><tr>${heads}</tr></thead>
<tbody>${rows.map(row => html`<tr>${columns.map(column => cellOf(row, column))}</tr>\n`)}</tbody>
</table></section>`
}

function cellOf<Row>(row: Row, [name, cell, kind = undefined]: Column<Row>): Html {
  const content = cell(row)
  if (content === null) return html`<td class="none"></td>`
  return html`<td${classed(kind)} data-name="${name}"><div>${content}</div></td>`
}

const classed = (name: string | undefined): Html | null =>
  name === undefined ? null : html` class="${name}"`

const SHORT_CHARS = 100

/** Somebody else's words, which may be long, and written from right to left. */
export function longText(text: string): Html {
  const chars = [...text]
  if (chars.length <= SHORT_CHARS) return html`<bdi>${text}</bdi>`
  const start = chars.slice(0, SHORT_CHARS - 20).join('')
  return html`<details><summary><bdi>${start}…</bdi></summary><bdi>${text}</bdi></details>`
}
