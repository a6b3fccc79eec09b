/** What every chart is drawn with. Widths are of a phone: on a wide screen two stand side by side. */

export const WIDTH = 480

export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c]!)

const short = (value: number): string => `${Math.round(value * 10) / 10}`

export type Point = readonly [x: number, y: number]

export const path = (points: readonly Point[]): string =>
  points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${short(x)} ${short(y)}`).join('')

export function area(points: readonly Point[], floor: number): string {
  if (points.length === 0) return ''
  return `${path(points)}L${short(points.at(-1)![0])} ${short(floor)}L${short(points[0]![0])} ${short(floor)}Z`
}

export const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${short(x)}" y="${short(y)}" ${more}>${escaped(words)}</text>`

export const line = (x1: number, y1: number, x2: number, y2: number, kind: string): string =>
  `<line x1="${short(x1)}" y1="${short(y1)}" x2="${short(x2)}" y2="${short(y2)}" class="${kind}"/>`

/** @param label read out in place of the picture */
export const svg = (height: number, label: string, parts: readonly string[]): string =>
  `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(label)}">${parts.join('')}</svg>`

/** `1k`, `250`, `0.5`: short enough for an axis. */
export function tick(value: number): string {
  if (value >= 1000) return `${Number((value / 1000).toPrecision(3))}k`
  return `${Number(value.toPrecision(3))}`
}

/** Milliseconds on an axis of powers of ten. */
export const timeTick = (ms: number): string =>
  ms >= 1000 ? `${tick(ms / 1000)} s` : ms >= 1 ? `${tick(ms)} ms` : `${tick(ms * 1000)} µs`
