/** What a phase hands in: sentences about the bus, each found true or not, with what was seen. */

export type Check = {
  /** The promise, as a sentence. */
  what: string
  /** `null`: it could not be looked at. */
  ok: boolean | null
  /** What was seen, or why nothing was. */
  saw: string
}

export type PhaseName = '1A' | '1B' | '2'

export type Phase = {
  name: PhaseName
  title: string
  checks: Check[]
  /** `stopped`: by whoever ran it, before its end. */
  verdict: 'passed' | 'failed' | 'stopped'
}

/** A phase passes when all that could be looked at was found true, and something could. */
export function phaseOf(name: PhaseName, title: string, checks: Check[], stopped: boolean): Phase {
  const failed = checks.some(({ ok }) => ok === false)
  const passed = !failed && !stopped && checks.some(({ ok }) => ok === true)
  return { name, title, checks, verdict: passed ? 'passed' : stopped && !failed ? 'stopped' : 'failed' }
}
