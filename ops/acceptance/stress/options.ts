/** What may be asked for, and what is wrong with what was. */
import { parseArgs } from 'node:util'
import type { Limits } from './limits/cage.ts'
import { readLimits } from './limits/limits.ts'
import type { PhaseName } from './phases/check.ts'
import { PROFILE_NAMES, PROFILES, type Profile, profileOf } from './profiles.ts'
import { StressError } from './stress-error.ts'

export const HELP = `npm run stress -- [options], or: intent-bus stress [options]

Without --target it starts a bus of its own, in a temporary directory, and stops
it afterwards.

  --target URL        a bus that runs; its key is BUS_API_KEY or
                      BUS_API_KEY_FILE (the master key has no rate limit), or
                      that of ./data/secrets.env for a bus of this machine
  --bus NAME          the key of this profile of the config file of intent-bus
  --sign              sign every request
  --profile NAME      low (5 workers, 50 jobs), medium (15, 500), heavy (40,
                      2000), extreme (100, 5000), custom
  --workers N         who claim and settle at the same time, 1..1000
  --publishers N      who publish meanwhile, 1..1000; half of the workers
  --jobs N            1..1000000
  --batch N           intents per claim, 1..100; 1: the single form, as most
                      clients use it
  --wait S            long polls of S seconds, 0..60; 0: after an empty claim
                      wait as long as the bus says
  --rate N            publish N a second by a timetable, and count latency from
                      when each was due
  --payload BYTES     size of the padding in each payload, 0..7000; 1000
  --work MS           how long a worker works on a job, 0..60000; 0
  --timeout S         for one request, 1..600; 30
  --phases LIST       of 1a, 1b, 2; all three
  --against URL       a second bus: both by turns, and ratios. Its key:
                      BUS_AGAINST_API_KEY, else the same
  --rounds N          turns of each with --against, 1..50; 5
  --limits LIST       hold the bus that is started to so much:
                      cpu=0.1,memory=512M
  --note TEXT         about the machine, for the report
  --json FILE         the results; else stress-reports/DATE-PROFILE.json
  --html FILE         the report; else beside it
  --quiet             no progress, no table: the exit code, and the files
  --no-ceiling        do not measure the harness itself first
  --help

It ends with 0 when every phase passed, 1 when one did not, 2 when it was
wrongly called, 3 when there was no bus, 130 after Ctrl-C.`

export type Options = {
  profile: Profile
  target: string | undefined
  bus: string | undefined
  sign: boolean
  batch: number
  waitS: number
  rate: number | null
  payloadBytes: number
  workMs: number
  timeoutMs: number
  phases: PhaseName[]
  against: string | undefined
  rounds: number
  limits: Limits | null
  note: string | null
  json: string | undefined
  html: string | undefined
  quiet: boolean
  ceiling: boolean
  help: boolean
}

const FLAGS = {
  ...Object.fromEntries(
    [
      ...['target', 'bus', 'profile', 'workers', 'publishers', 'jobs', 'batch', 'wait', 'rate', 'payload'],
      ...['work', 'timeout', 'phases', 'against', 'rounds', 'limits', 'note', 'json', 'html'],
    ].map(name => [name, { type: 'string' } as const]),
  ),
  ...Object.fromEntries(
    ['sign', 'quiet', 'no-ceiling', 'help'].map(name => [name, { type: 'boolean' } as const]),
  ),
}

/** @throws {StressError} that names the option, what it got and what it takes */
export function readOptions(argv: readonly string[]): Options {
  const given = parsed(argv)
  const text = (name: string) => given[name] as string | undefined
  const is = (name: string) => given[name] === true
  const number = (name: string, least: number, most: number, or: number) =>
    numberOf(name, text(name), least, most, or)

  const limits = text('limits')
  if (limits !== undefined && text('target') !== undefined) {
    throw new StressError('--limits is for a bus that the harness starts: leave out --target.')
  }
  const rate = text('rate')
  return {
    profile: profileIn(given),
    target: text('target'),
    bus: text('bus'),
    sign: is('sign'),
    batch: number('batch', 1, 100, 1),
    waitS: number('wait', 0, 60, 0),
    rate: rate === undefined ? null : numberOf('rate', rate, 0.01, 100_000, 1, false),
    payloadBytes: number('payload', 0, 7000, 1000),
    workMs: number('work', 0, 60_000, 0),
    timeoutMs: number('timeout', 1, 600, 30) * 1000,
    phases: phasesIn(text('phases')),
    against: text('against'),
    rounds: text('against') === undefined ? 1 : number('rounds', 1, 50, 5),
    limits: limits === undefined ? null : readLimits(limits),
    note: text('note') ?? null,
    json: text('json'),
    html: text('html'),
    quiet: is('quiet'),
    ceiling: !is('no-ceiling'),
    help: is('help'),
  }
}

function parsed(argv: readonly string[]): Record<string, unknown> {
  try {
    return parseArgs({ args: [...argv], options: FLAGS }).values
  } catch (error) {
    throw new StressError(`${(error as Error).message.split('. ')[0]}. --help shows what there is.`)
  }
}

function profileIn(given: Record<string, unknown>): Profile {
  const { profile: asked, workers, publishers, jobs } = given as Record<string, string | undefined>
  const name = asked?.toLowerCase() ?? 'medium'
  if (!PROFILE_NAMES.includes(name)) {
    throw new StressError(`--profile takes one of ${PROFILE_NAMES.join(', ')}; it got "${asked}".`)
  }
  const base = PROFILES[name as keyof typeof PROFILES] ?? PROFILES.medium
  const isChanged = [workers, publishers, jobs].some(value => value !== undefined)
  if (name === 'custom' && !isChanged) {
    throw new StressError('--profile custom takes at least one of --workers, --publishers, --jobs.')
  }
  const made = profileOf(
    isChanged ? 'custom' : name,
    numberOf('workers', workers, 1, 1000, base.workers),
    numberOf('jobs', jobs, 1, 1_000_000, base.jobs),
  )
  return { ...made, publishers: numberOf('publishers', publishers, 1, 1000, made.publishers) }
}

function phasesIn(list: string | undefined): PhaseName[] {
  const all: PhaseName[] = ['1A', '1B', '2']
  if (list === undefined) return all
  const asked = list.split(',').map(name => name.trim().toUpperCase())
  if (asked.every(name => (all as string[]).includes(name))) return all.filter(name => asked.includes(name))
  throw new StressError(`--phases takes a list of 1a, 1b and 2; it got "${list}".`)
}

function numberOf(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
  or: number,
  isWhole = true,
): number {
  if (text === undefined) return or
  const value = Number(text)
  if (text.trim() !== '' && value >= least && value <= most && (!isWhole || Number.isInteger(value)))
    return value
  throw new StressError(
    `--${name} takes ${isWhole ? 'a whole number' : 'a number'} from ${least} to ${most}; it got "${text}".`,
  )
}
