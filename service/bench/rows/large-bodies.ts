import { setTimeout as sleep } from 'node:timers/promises'
import { OwnBus } from '../../../ops/acceptance/stress/bus/own-bus.ts'
import { readLimits } from '../../../ops/acceptance/stress/limits/limits.ts'
import { StressError } from '../../../ops/acceptance/stress/stress-error.ts'
import { type LargeBody, largeBatches, largeSingles } from '../../test/hostile/large-bodies.ts'
import { call } from '../../test/support/client.ts'
import type { Report, Row } from '../report.ts'
import { median } from '../statistics.ts'

const LIMITS = 'cpu=0.1,memory=512M'
const MOST_MS = 500
const LOOK_EVERY_MS = 20
/** What happens to it first is the compiling of what it meets. */
const ROUNDS = ['of a bus that just started', 'and again'] as const
const NAMED = 3

type Wait = { what: string; ms: number }

/** `GET /health`, while a body of each kind that costs its reader most is read by a bus with a tenth of a core. */
export async function largeBodies(): Promise<Report> {
  const bus = await OwnBus.start(readLimits(LIMITS)).catch((error: unknown) => {
    if (error instanceof StressError) return error.message
    throw error
  })
  if (typeof bus === 'string') {
    const why = bus.split('\n')[0]!
    return {
      rows: [{ what: 'large bodies', measured: `not measured: ${why}`, target: '', ok: null }],
      raw: null,
    }
  }
  try {
    const kinds = [...largeBatches(), ...largeSingles()]
    const rounds: Wait[][] = []
    for (const _ of ROUNDS) {
      const waits: Wait[] = []
      for (const kind of kinds) waits.push({ what: kind.what, ms: await longestWait(bus, kind) })
      rounds.push(waits.sort((a, b) => b.ms - a.ms))
    }
    return { rows: rounds.map((waits, i) => row(ROUNDS[i]!, waits)), raw: rounds }
  } finally {
    await bus.remove()
  }
}

async function longestWait({ access }: OwnBus, { what, path, body, headers }: LargeBody): Promise<number> {
  let isRead = false
  const reading = call(access.url + path, 'POST', { 'x-api-key': access.key, ...headers }, body).finally(
    () => {
      isRead = true
    },
  )
  const asking = async (): Promise<number> => {
    let longest = 0
    while (!isRead) {
      const askedAt = performance.now()
      const { status } = await call(`${access.url}/health`, 'GET', {})
      if (status !== 200) throw new Error(`GET /health was answered ${status}`)
      longest = Math.max(longest, performance.now() - askedAt)
      await sleep(LOOK_EVERY_MS)
    }
    return Math.round(longest)
  }
  const [longest, { status }] = await Promise.all([asking(), reading])
  if (status >= 500) throw new Error(`POST ${path} was answered ${status}: ${what}`)
  return longest
}

function row(round: string, waits: readonly Wait[]): Row {
  const over = waits.filter(({ ms }) => ms > MOST_MS)
  const worst = waits.slice(0, Math.max(1, Math.min(NAMED, over.length)))
  return {
    what: `/health at ${LIMITS}, beside ${waits.length} kinds of large bodies, ${round}`,
    measured: `median ${median(waits.map(({ ms }) => ms))} ms, ${over.length} over ${MOST_MS} ms; ${worst.map(({ what, ms }) => `${ms} ms: ${what}`).join('; ')}`,
    target: `each <= ${MOST_MS} ms`,
    ok: over.length === 0,
  }
}
