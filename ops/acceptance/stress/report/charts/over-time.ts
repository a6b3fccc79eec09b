/** What happened when: jobs a second, and how long they took. */
import type { LoadResult } from '../result.ts'
import { digits, duration } from '../words.ts'
import { linear, logarithmic, type Scale, seconds } from './scale.ts'
import { area, line, type Point, path, svg, text, tick, timeTick, WIDTH } from './svg.ts'

const HEIGHT = 250
const [LEFT, RIGHT, TOP, BOTTOM] = [52, WIDTH - 10, 14, HEIGHT - 38]

export function throughput({ timeline, interval }: LoadResult): string {
  const rate = (count: number) => count / interval
  const most = Math.max(...timeline.flatMap(({ published, settled }) => [rate(published), rate(settled)]))
  const x = seconds(timeline.length * interval, LEFT, RIGHT)
  const y = linear(most, BOTTOM, TOP)
  // Steps: an interval has one rate, and nothing is smoothed away.
  const steps = (of: (moment: LoadResult['timeline'][number]) => number): Point[] =>
    timeline.flatMap(moment => {
      const height = y.at(rate(of(moment)))
      return [[x.at(moment.at), height] as const, [x.at(moment.at + interval), height] as const]
    })
  const settled = steps(moment => moment.settled)
  const errors = timeline.flatMap(({ at, errors }) =>
    errors === 0
      ? []
      : [
          `<g><title>${errors} errors at ${digits(at)} s</title>${line(x.at(at + interval / 2), BOTTOM, x.at(at + interval / 2), BOTTOM - 12, 'error')}</g>`,
        ],
  )
  return svg(HEIGHT, `Throughput over time; at most ${digits(most)} jobs a second`, [
    ...grid(x, y, tick),
    `<path d="${area(settled, BOTTOM)}" class="fill settle"/>`,
    `<path d="${path(steps(moment => moment.published))}" class="stroke publish dashed"/>`,
    `<path d="${path(settled)}" class="stroke settle"/>`,
    ...errors,
    ...timeline.map(
      ({ at, published, settled: done, errors: wrong }) =>
        `<rect x="${x.at(at).toFixed(1)}" y="${TOP}" width="${((RIGHT - LEFT) / timeline.length).toFixed(2)}" height="${BOTTOM - TOP}" class="hover"><title>${digits(at)} s: ${digits(rate(published))} published/s, ${digits(rate(done))} settled/s${wrong > 0 ? `, ${wrong} errors` : ''}</title></rect>`,
    ),
  ])
}

export function latencyOverTime({ timeline, interval }: LoadResult): string {
  const known = timeline.filter(({ p50 }) => p50 !== null)
  if (known.length === 0) return ''
  const x = seconds(timeline.length * interval, LEFT, RIGHT)
  const y = logarithmic(
    Math.min(...known.map(({ p50 }) => p50!)),
    Math.max(...known.map(({ p99 }) => p99!)),
    BOTTOM,
    TOP,
  )
  const points = (of: 'p50' | 'p99'): Point[] =>
    known.map(moment => [x.at(moment.at + interval / 2), y.at(moment[of]!)])
  const dots = known.map(
    ({ at, p50, p99 }) =>
      `<circle cx="${x.at(at + interval / 2).toFixed(1)}" cy="${y.at(p99!).toFixed(1)}" r="2.5" class="dot whole"><title>${digits(at)} s: p50 ${duration(p50!)}, p99 ${duration(p99!)}</title></circle>`,
  )
  return svg(HEIGHT, 'Latency from publish to settle, over time, on a log scale', [
    ...grid(x, y, timeTick),
    `<path d="${path(points('p99'))}" class="stroke whole"/>`,
    `<path d="${path(points('p50'))}" class="stroke whole dashed"/>`,
    ...dots,
  ])
}

function grid(x: Scale, y: Scale, say: (value: number) => string): string[] {
  return [
    ...y.ticks.flatMap(value => [
      line(LEFT, y.at(value), RIGHT, y.at(value), 'grid'),
      text(LEFT - 7, y.at(value) + 4, say(value), 'text-anchor="end"'),
    ]),
    ...x.ticks.map(value => text(x.at(value), BOTTOM + 18, tick(value), 'text-anchor="middle"')),
    text(RIGHT, HEIGHT - 4, 'seconds', 'text-anchor="end"'),
  ]
}
