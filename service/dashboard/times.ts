import { type Html, html } from './html.ts'

/** `3 min ago` or `in 40 s`, with the exact moment behind it. @param ms bus time */
export function when(ms: number, now: number): Html {
  return html`<time datetime="${new Date(ms).toISOString()}" title="${moment(ms)}">${relative(ms, now)}</time>`
}

/** `2027-01-15 08:00:00 UTC` */
export function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

function relative(ms: number, now: number): string {
  if (ms > now) return `in ${span(Math.ceil((ms - now) / 1000))}`
  const seconds = Math.floor((now - ms) / 1000)
  return seconds === 0 ? 'just now' : `${span(seconds)} ago`
}

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const

/** In the largest unit of which there are two; what is left is dropped. 100 s are 100 s, 130 s are 2 min. */
function span(seconds: number): string {
  const [size, unit] = UNITS.find(([each]) => seconds >= 2 * each) ?? UNITS[3]
  return `${Math.floor(seconds / size)} ${unit}`
}
