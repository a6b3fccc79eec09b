import { faultsOf } from '../history.ts'
import type { Check } from './check.ts'
import type { LoadOutcome } from './load.ts'
import { NOTHING } from './verification.ts'

/** What phase 2 says about the bus. Errors that cost time alone are no fault: they are counted, and shown. */
export function loadChecks(outcome: LoadOutcome, jobs: number): Check[] {
  const { interrupted, gaveUp, strangers, leftOver } = outcome
  const faults = faultsOf(outcome.jobs, !interrupted)
  const published = outcome.jobs.filter(({ publishedAt }) => publishedAt !== null).length
  const settled = outcome.jobs.filter(({ settledAt }) => settledAt !== null).length
  const asked = outcome.jobs.filter(({ status }) => status !== null).length
  const wrong = [...faults.altered, ...strangers.map(id => `${id} is of no job of this run`)]
  const none = (what: string, found: string[], saw: string): Check => ({
    what,
    ok: found.length === 0,
    saw: found.length === 0 ? saw : told(found),
  })
  const all = (what: string, count: number, why: string | null): Check => ({
    what,
    ok: count === jobs ? true : interrupted ? null : false,
    saw: `${count} of ${jobs}${count < jobs && interrupted ? ', when it was stopped' : why === null ? '' : `; ${why}`}`,
  })
  return [
    all('every job is published', published, null),
    none('each of them as one intent', faults.doubled, `${published} jobs, ${published} ids`),
    all(
      'every job is settled',
      settled,
      faults.lost.length > 0 ? `${gaveUp ?? ''} ${told(faults.lost)}`.trim() : null,
    ),
    none('none is handed out twice at a time', faults.handedOutTwice, `${outcome.counts.claimed} handed out`),
    none('none is accepted twice', faults.acceptedTwice, `${outcome.counts.settled} accepted`),
    none('each comes with the payload that it was published with', wrong, 'every payload compared'),
    {
      what: 'the bus itself says that they are fulfilled',
      ok: asked === 0 ? null : faults.denied.length === 0,
      saw: faults.denied.length > 0 ? told(faults.denied) : asked === 0 ? NOT_LOOKED : `${asked} looked up`,
    },
    {
      what: 'there is nothing left to claim',
      ok: leftOver === null ? null : leftOver === NOTHING,
      saw: leftOver === null ? NOT_LOOKED : leftOver === NOTHING ? '204' : `handed out: ${leftOver}`,
    },
  ]
}

const SHOWN = 3
const NOT_LOOKED = 'not looked at'

const told = (found: readonly string[]): string =>
  found.length <= SHOWN
    ? found.join('; ')
    : `${found.slice(0, SHOWN).join('; ')}; and ${found.length - SHOWN} more`
