/** What a run comes to, as one HTML file that asks for nothing else. */
import type { Phase } from '../phases/check.ts'
import { type Bar, comparison } from './charts/comparison.ts'
import { CLASS, distribution } from './charts/distribution.ts'
import { latencyOverTime, throughput } from './charts/over-time.ts'
import { escaped } from './charts/svg.ts'
import { type BusResult, LATENCY_NAMES, type LoadResult, type Result } from './result.ts'
import { STYLE } from './style.ts'
import * as words from './words.ts'

export function page(result: Result): string {
  const { profile, passed, interrupted, startedAt, buses } = result
  const [kind, verdict] = interrupted
    ? ['stopped', 'stopped before its end']
    : passed
      ? ['passed', 'passed']
      : ['failed', 'failed']
  const title = `Intent Bus stress, ${profile.name}`
  const letters = buses.length > 1 ? ['A: ', 'B: '] : ['']
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}: ${verdict}</title>
<style>${STYLE}</style>
<main>
<header><h1>${escaped(title)}</h1><span class="verdict ${kind}">${verdict}</span></header>
<p class="dim">${escaped(words.profileWords(result))}. ${escaped(startedAt.slice(0, 16).replace('T', ' '))} UTC</p>
${ratioSection(result)}
${buses.map((bus, i) => busSection(result, bus, letters[i]!)).join('\n')}
${aboutSection(result)}
</main>
</html>
`
}

function busSection(result: Result, bus: BusResult, letter: string): string {
  const limits = words.limitWords(bus)
  const name = [
    `${letter}${bus.url}`,
    ...(bus.startedHere ? ['started for this'] : []),
    ...(limits === null ? [] : [`held to ${limits}`]),
  ].join(', ')
  const { load } = bus
  return `<section>
<h2>${escaped(name)}</h2>
${load === null ? '' : loadSection(result, bus, load)}
${bus.phases.map(phaseCard).join('\n')}
</section>`
}

function loadSection(result: Result, bus: BusResult, load: LoadResult): string {
  const errors = words.errorsIn(load)
  const tile = (value: string, name: string, kind = '') =>
    `<div class="tile"><b class="${kind}">${escaped(value)}</b><span>${escaped(name)}</span></div>`
  const isWhole = load.successPercent === 100
  return `<div class="tiles">
${tile(`${load.successPercent} %`, `${words.whole(load.settled)} of ${words.whole(load.jobs)} jobs done`, isWhole ? 'passed' : 'failed')}
${tile(words.digits(load.jobsPerSecond), 'jobs per second')}
${tile(words.duration(load.latencyMs['end to end'].p99), 'publish to settle, p99')}
${tile(words.whole(errors), 'errors', errors > 0 ? 'failed' : '')}
</div>
<div class="charts">
${figure('Throughput', `${key('settle')}settled and ${key('publish', true)}published per second, each ${words.interval(load.interval)}${errors > 0 ? '; red: errors' : ''}`, throughput(load))}
${figure('Publish to settle, over time', `${key('whole')}p99 and ${key('whole', true)}p50; log scale${result.options.ratePerSecond === null ? '' : '; from when each was due'}`, latencyOverTime(load))}
${figure('Latency distribution', 'how often each latency was seen (square root); lines at p50 and p99, a stub at the longest', distribution(load))}
${figure('Beside the published figures', `of the reference${result.options.workMs === 0 ? ', whose jobs took their workers some time' : ''}; log scale`, comparison(barsOf(result, bus, load)))}
</div>
<div class="charts" style="margin-top:14px">
<div class="card">${latencyTable(load, words.claimNote(result))}</div>
<div class="card">${errorTable(load)}</div>
</div>`
}

const key = (kind: string, dashed = false): string => `<i class="key ${kind}${dashed ? ' dash' : ''}"></i>`

const figure = (title: string, caption: string, chart: string): string =>
  chart === '' ? '' : `<figure><h3>${escaped(title)}</h3><figcaption>${caption}</figcaption>${chart}</figure>`

function barsOf({ profile, published }: Result, bus: BusResult, load: LoadResult): Bar[] {
  const limits = words.limitWords(bus)
  const name = `this run, ${profile.name}${limits === null ? '' : `, ${limits}`}`
  return [
    { name, jobsPerSecond: load.jobsPerSecond, isThis: true },
    ...published.map(({ where, jobsPerSecond }) => ({
      name: `reference, ${where}`,
      jobsPerSecond,
      isThis: false,
    })),
  ]
}

function latencyTable({ latencyMs }: LoadResult, note: string): string {
  const rows = LATENCY_NAMES.map(name => {
    const { p50, p90, p99, max } = latencyMs[name]
    const cells = [p50, p90, p99, max].map(ms => `<td>${words.duration(ms)}</td>`).join('')
    return `<tr><td>${key(CLASS[name])}${name}</td>${cells}</tr>`
  })
  return `<table><tr><th>latency</th><th>p50</th><th>p90</th><th>p99</th><th>max</th></tr>${rows.join('')}</table>${note === '' ? '' : `<p class="dim">${note}</p>`}`
}

function errorTable(load: LoadResult): string {
  const row = (name: string, count: number, kind = '') =>
    `<tr><td>${escaped(name)}</td><td class="${kind}">${words.whole(count)}</td></tr>`
  return `<table><tr><th>counted apart</th><th></th></tr>
${row('intents claimed', load.counts.claims)}${row('empty claims (204)', load.counts.emptyClaims)}
${words
  .errorRows(load)
  .map(([name, count]) => row(name, count, count > 0 ? 'failed' : ''))
  .join('')}
${Object.entries(load.errorKinds)
  .map(([kind, count]) => row(`… ${kind}`, count))
  .join('')}</table>`
}

function phaseCard({ name, title, verdict, checks }: Phase): string {
  const items = checks.map(({ what, ok, saw }) => {
    const kind = ok === true ? 'yes' : ok === false ? 'no' : 'unknown'
    return `<li class="${kind}">${escaped(what)} <span class="saw">${escaped(saw)}</span></li>`
  })
  return `<div class="card checks"><h3><span class="${verdict}">Phase ${name}, ${verdict}</span> · ${escaped(title)}</h3><ul>${items.join('')}</ul></div>`
}

function ratioSection({ ratios }: Result): string {
  if (ratios.length === 0) return ''
  const rows = ratios.map(
    ({ what, median, least, most }) =>
      `<tr><td>${escaped(what)}</td>${[median, least, most].map(value => `<td>${value.toFixed(2)} ×</td>`).join('')}</tr>`,
  )
  return `<section><h2>B against A, turn by turn</h2><div class="card"><table>
<tr><th></th><th>median</th><th>least</th><th>most</th></tr>${rows.join('')}</table></div></section>`
}

function aboutSection(result: Result): string {
  const { machine, command, buses, options } = result
  const facts: [string, string][] = [
    [
      'machine',
      `${machine.cores} cores (${machine.cpu}), ${words.megabytes(machine.memoryBytes)}, load ${machine.loadAverage} before the run, ${machine.platform}, Node ${machine.node}`,
    ],
    ...(machine.note === null ? [] : [['note', machine.note] as [string, string]]),
    ...buses.flatMap((bus): [string, string][] => [
      ['bus', [`version ${bus.version ?? 'unknown'}`, ...words.processWords(bus)].join('; ')],
      ...(bus.process?.limits == null ? [] : [['limits by', bus.process.limits.by] as [string, string]]),
      ...(bus.load === null ? [] : [['harness', words.harnessWords(result, bus.load)] as [string, string]]),
      ['left behind', bus.left],
    ]),
    ['payload', `${words.whole(options.payloadBytes)} bytes and some`],
    ['time-out', `${options.timeoutSeconds} s`],
  ]
  const isFloor = buses.some(({ load }) => load !== null && words.isHarnessTheBottleneck(result, load))
  return `<section><h2>About this run</h2><div class="card">
<dl>${facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join('')}
<dt>again</dt><dd><code>${escaped(command)}</code></dd></dl>
${isFloor ? '<p class="warning">The bus may be faster than this: the harness set the pace.</p>' : ''}
</div></section>`
}
