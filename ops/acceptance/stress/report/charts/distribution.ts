/** How long each kind of request took, all of them, on one logarithmic axis. */
import { LATENCY_NAMES, type LatencyName, type LoadResult } from '../result.ts'
import { duration } from '../words.ts'
import { logarithmic, type Scale } from './scale.ts'
import { area, line, type Point, path, svg, text, timeTick, WIDTH } from './svg.ts'

const ROW = 68
const RIDGE = 46
const [LEFT, RIGHT, TOP] = [90, WIDTH - 14, 8]
/** Of the shape that is drawn; the percentiles are exact. */
const BINS = 72

export const CLASS: Record<LatencyName, string> = {
  publish: 'publish',
  claim: 'claim',
  settle: 'settle',
  'end to end': 'whole',
}

export function distribution({ histograms, latencyMs }: LoadResult): string {
  const names = LATENCY_NAMES.filter(name => histograms[name].length > 0)
  if (names.length === 0) return ''
  const x = logarithmic(
    Math.min(...names.map(name => histograms[name][0]![0])),
    Math.max(...names.map(name => latencyMs[name].max)),
    LEFT,
    RIGHT,
  )
  const bottom = TOP + ROW * names.length
  return svg(bottom + 30, 'Latency distribution on a log scale', [
    ...x.ticks.flatMap(value => [
      line(x.at(value), TOP, x.at(value), bottom, 'grid'),
      text(x.at(value), bottom + 20, timeTick(value), 'text-anchor="middle"'),
    ]),
    ...names.flatMap((name, i) => ridge(name, histograms[name], latencyMs[name], TOP + ROW * (i + 1) - 8, x)),
  ])
}

function ridge(
  name: LatencyName,
  buckets: LoadResult['histograms'][LatencyName],
  { p50, p99, max }: LoadResult['latencyMs'][LatencyName],
  floor: number,
  x: Scale,
): string[] {
  const width = (RIGHT - LEFT) / BINS
  const counts = Array<number>(BINS + 1).fill(0)
  for (const [ms, count] of buckets) {
    const bin = Math.max(0, Math.min(BINS, Math.floor((x.at(ms) - LEFT) / width)))
    counts[bin] = counts[bin]! + count
  }
  const most = Math.max(...counts)
  // The square root: else a tail of a hundredth could not be seen.
  const height = (count: number) => Math.sqrt(count / most) * RIDGE
  const points: Point[] = counts.flatMap((count, i) => [
    [LEFT + i * width, floor - height(count)] as const,
    [LEFT + (i + 1) * width, floor - height(count)] as const,
  ])
  const within = points.filter(([at]) => at <= RIGHT + 0.1)
  return [
    `<path d="${area(within, floor)}" class="fill ${CLASS[name]}"/>`,
    `<path d="${path(within)}" class="stroke thin ${CLASS[name]}"/>`,
    line(LEFT, floor, RIGHT, floor, 'floor'),
    text(LEFT - 8, floor - 3, name, `text-anchor="end" class="name ${CLASS[name]}"`),
    ...(
      [
        ['p50', p50],
        ['p99', p99],
        ['max', max],
      ] as const
    ).map(
      ([of, ms]) =>
        `<g><title>${name} ${of}: ${duration(ms)}</title>${line(x.at(ms), floor + 5, x.at(ms), floor - (of === 'max' ? 8 : RIDGE), `mark ${CLASS[name]} ${of}`)}</g>`,
    ),
  ]
}
