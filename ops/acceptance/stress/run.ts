/** `npm run stress -- --help` says what it does; docs/stress.md, what comes out. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure } from '../../../clients/cli/src/failure.ts'
import { endWithoutStalledReaders, errorLines } from '../../../clients/cli/src/lines.ts'
import { ProgressBar } from '../../../clients/cli/src/terminal/progress-bar.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { page } from './report/page.ts'
import type { Result } from './report/result.ts'
import { table } from './report/table.ts'
import { type Audience, stress } from './stress.ts'
import { StressError } from './stress-error.ts'

const INTERRUPTED = 130
const SAME_KEYSTROKE_MS = 500
/** At each of them its own bus has to be stopped, too. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const options = readOptions(argv)
    if (!options.help) return await measured(options, argv)
    console.log(HELP)
    return 0
  } catch (error) {
    if (!(error instanceof StressError || error instanceof Failure)) throw error
    errorLines().write(`stress: ${error.message}\n`)
    return error.exit
  }
}

async function measured(options: Options, argv: readonly string[]): Promise<number> {
  const stopping = new AbortController()
  let stoppedAt: number | null = null
  const stop = () => {
    if (stoppedAt !== null) {
      // The second time somebody means it; npm passes the first on, so that it comes twice.
      if (performance.now() - stoppedAt > SAME_KEYSTROKE_MS) process.exit(INTERRUPTED)
      return
    }
    stoppedAt = performance.now()
    stopping.abort()
    if (!options.quiet)
      errorLines().write('\nStopping: what was measured is reported. Once more, and it ends at once.\n')
  }
  for (const signal of STOP_SIGNALS) process.on(signal, stop)
  try {
    const command = ['npm run stress --', ...argv].join(' ')
    const result = await stress(options, process.env, stopping.signal, onTerminal(options), command)
    const [json, html] = filesOf(options, result)
    write(json, `${JSON.stringify(result)}\n`)
    write(html, page(result))
    if (!options.quiet) console.log(`${table(result)}\n\n  JSON    ${json}\n  report  ${html}\n`)
    if (result.interrupted) return INTERRUPTED
    return result.passed ? 0 : 1
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, stop)
  }
}

function onTerminal({ quiet }: Options): Audience {
  let bar: ProgressBar | null = null
  return {
    begins(what) {
      bar?.end()
      bar = null
      if (!quiet) errorLines().write(`  … ${what}\n`)
    },
    progress(done, of, note) {
      bar ??= new ProgressBar('jobs settled', of, quiet)
      bar.at(done, `, ${note}`)
      if (done === of) bar.end()
    },
  }
}

function filesOf({ json, html }: Options, { startedAt, profile }: Result): [json: string, html: string] {
  const name = join('stress-reports', `${startedAt.slice(0, 19).replaceAll(':', '')}-${profile.name}`)
  return [
    json ?? `${name}.json`,
    html ?? (json === undefined ? `${name}.html` : `${json.replace(/\.json$/, '')}.html`),
  ]
}

function write(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  } catch (error) {
    throw new StressError(`${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`)
  }
}

if (import.meta.main) {
  process.exitCode = await main(process.argv.slice(2))
  await endWithoutStalledReaders()
}
