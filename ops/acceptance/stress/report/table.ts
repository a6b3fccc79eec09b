/** What a run comes to, for a terminal. */
import { plain, styled } from '../../../../clients/cli/src/output.ts'
import type { Check, Phase } from '../phases/check.ts'
import { type BusResult, LATENCY_NAMES, type LoadResult, type Result } from './result.ts'
import * as words from './words.ts'

const RULE = '─'.repeat(72)
const SIGNS = { passed: ['✓', 'green'], failed: ['✗', 'red'], stopped: ['-', 'yellow'] } as const
const CHECK_SIGNS = { true: ['✓', 'green'], false: ['✗', 'red'], null: ['-', 'dim'] } as const

export function table(result: Result): string {
  const { profile, buses, passed, interrupted } = result
  const verdict = interrupted
    ? styled('yellow', 'stopped before its end')
    : passed
      ? styled('green', 'passed')
      : styled('red', 'FAILED')
  return [
    '',
    `  ${styled('bold', `Intent Bus stress, ${profile.name}`)}   ${verdict}`,
    `  ${styled('dim', words.profileWords(result))}`,
    ...buses.flatMap((bus, i) => busLines(result, bus, buses.length > 1 ? ['A', 'B'][i]! : null)),
    ...ratioLines(result),
    ...(buses.length === 1 && buses[0]!.load !== null ? publishedLines(result, buses[0]!.load) : []),
  ].join('\n')
}

function busLines(result: Result, bus: BusResult, letter: string | null): string[] {
  const { load } = bus
  const limits = words.limitWords(bus)
  const title = [
    ...(letter === null ? [] : [letter]),
    plain(bus.url),
    ...(bus.startedHere ? ['started for this'] : []),
    ...(limits === null ? [] : [`held to ${limits}`]),
  ].join(', ')
  return [
    `  ${styled('dim', RULE)}`,
    `  ${title}`,
    '',
    ...bus.phases.flatMap(phaseLines),
    ...(load === null ? [] : ['', ...loadLines(result, load)]),
    '',
    ...words.processWords(bus).map((text, i) => note(i === 0 ? 'the bus' : '', text)),
    ...(bus.process?.limits == null ? [] : [note('limits by', bus.process.limits.by)]),
    ...(load === null ? [] : [note('the harness', words.harnessWords(result, load))]),
    ...(load !== null && words.isHarnessTheBottleneck(result, load)
      ? [note('', styled('yellow', 'the bus may be faster than this: the harness set the pace'))]
      : []),
    ...(bus.startedHere ? [] : [note('left behind', plain(bus.left))]),
  ]
}

const note = (name: string, text: string): string => `  ${styled('dim', name.padEnd(12))} ${text}`

function phaseLines({ name, title, verdict, checks }: Phase): string[] {
  const [sign, style] = SIGNS[verdict]
  const looked = checks.filter(({ ok }) => ok !== null).length
  const line = `  ${styled(style, sign)} ${name.padEnd(3)} ${title}   ${styled('dim', `${looked} checks`)}`
  return [line, ...checks.filter(({ ok }) => ok !== true).map(checkLine)]
}

function checkLine({ what, ok, saw }: Check): string {
  const [sign, style] = CHECK_SIGNS[`${ok}`]
  return `        ${styled(style, sign)} ${what}: ${plain(saw)}`
}

function loadLines(result: Result, load: LoadResult): string[] {
  const errors = words.errorRows(load).filter(([, count]) => count > 0)
  const facts = [
    `${styled('dim', 'success')} ${styled('bold', `${load.successPercent} %`)}`,
    `${styled('dim', 'jobs/s')} ${styled('bold', words.digits(load.jobsPerSecond))}`,
    `${styled('dim', 'took')} ${words.duration(load.seconds * 1000)}`,
    `${styled('dim', 'errors')} ${errors.length === 0 ? '0' : styled('red', errors.map(([name, count]) => `${words.whole(count)} ${name}`).join(', '))}`,
    `${styled('dim', 'empty claims')} ${words.whole(load.counts.emptyClaims)}`,
  ]
  const from = [
    ...(result.options.ratePerSecond === null ? [] : ['from when each was due']),
    words.claimNote(result),
  ]
    .filter(part => part !== '')
    .map(part => `   ${part}`)
    .join(';')
  const columns = ['p50', 'p90', 'p99', 'max'] as const
  return [
    `  ${facts.join('   ')}`,
    ...Object.entries(load.errorKinds).map(
      ([kind, count]) => `    ${styled('red', `${count} × ${plain(kind)}`)}`,
    ),
    '',
    `  ${styled('dim', `${'latency'.padEnd(12)}${columns.map(name => name.padStart(12)).join('')}${from}`)}`,
    ...LATENCY_NAMES.map(
      name =>
        `  ${name.padEnd(12)}${columns.map(column => words.duration(load.latencyMs[name][column]).padStart(12)).join('')}`,
    ),
    '',
    ...sparkLines(load),
  ]
}

const BARS = ' ▁▂▃▄▅▆▇█'

function sparkLines({ timeline, interval }: LoadResult): string[] {
  const most = Math.max(...timeline.map(({ settled }) => settled))
  if (most === 0) return []
  const bars = timeline.map(({ settled }) => BARS[Math.ceil((settled / most) * (BARS.length - 1))])
  const peak = `jobs settled, each ${words.interval(interval)}; peak ${words.digits(most / interval)}/s`
  return [`  ${styled('cyan', bars.join(''))}  ${styled('dim', peak)}`]
}

function ratioLines({ ratios }: Result): string[] {
  if (ratios.length === 0) return []
  const line = (cells: string[]) =>
    `  ${cells[0]!.padEnd(18)}${cells
      .slice(1)
      .map(cell => cell.padStart(10))
      .join('')}`
  return [
    `  ${styled('dim', RULE)}`,
    `  ${styled('bold', 'B against A')}, turn by turn`,
    '',
    styled('dim', line(['', 'median', 'least', 'most'])),
    ...ratios.map(({ what, median, least, most }) =>
      line([what, ...[median, least, most].map(value => `${value.toFixed(2)} ×`)]),
    ),
  ]
}

function publishedLines({ published, options }: Result, load: LoadResult): string[] {
  if (load.jobsPerSecond === 0) return []
  return [
    `  ${styled('dim', RULE)}`,
    `  beside what is published for the reference${options.workMs === 0 ? ' (whose jobs took their workers some time)' : ''}`,
    ...published.map(({ where, jobsPerSecond }) => {
      const ratio = `${words.digits(load.jobsPerSecond / jobsPerSecond)} ×`
      return `  ${where.padEnd(28)}${`${jobsPerSecond} jobs/s`.padStart(14)}${ratio.padStart(12)}`
    }),
  ]
}
