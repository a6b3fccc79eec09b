/** This run beside what is published, as bars from one job a second on, by powers of ten. */
import { digits } from '../words.ts'
import { logarithmic } from './scale.ts'
import { escaped, line, svg, text, tick, WIDTH } from './svg.ts'

export type Bar = { name: string; jobsPerSecond: number; isThis: boolean }

const ROW = 46
const [LEFT, RIGHT, TOP] = [6, WIDTH - 70, 4]

export function comparison(bars: readonly Bar[]): string {
  const shown = bars.filter(({ jobsPerSecond }) => jobsPerSecond > 0)
  const least = Math.min(1, ...shown.map(({ jobsPerSecond }) => jobsPerSecond))
  const x = logarithmic(least, Math.max(...shown.map(({ jobsPerSecond }) => jobsPerSecond)), LEFT, RIGHT)
  const bottom = TOP + ROW * shown.length
  return svg(bottom + 40, 'Jobs per second beside the published figures, on a log scale', [
    ...x.ticks.flatMap(value => [
      line(x.at(value), TOP, x.at(value), bottom, 'grid'),
      text(x.at(value), bottom + 18, tick(value), 'text-anchor="middle"'),
    ]),
    ...shown.flatMap(({ name, jobsPerSecond, isThis }, i) => {
      const y = TOP + i * ROW
      const end = x.at(jobsPerSecond)
      return [
        text(LEFT, y + 15, name, `class="${isThis ? 'strong' : ''}"`),
        `<rect x="${LEFT}" y="${y + 21}" width="${Math.max(2, end - LEFT).toFixed(1)}" height="14" rx="3" class="bar ${isThis ? 'this' : 'other'}"><title>${escaped(name)}: ${jobsPerSecond} jobs/s</title></rect>`,
        text(end + 7, y + 33, digits(jobsPerSecond), `class="${isThis ? 'strong' : ''}"`),
      ]
    }),
    text(RIGHT, bottom + 36, 'jobs per second', 'text-anchor="end"'),
  ])
}
