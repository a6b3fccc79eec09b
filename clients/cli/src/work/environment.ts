import type { Job } from '@intent-bus/client/index'

/** What opens a bus. A command is given its payload by whoever may publish, and needs none of it. */
const KEYS = [
  ...['BUS_API_KEY', 'BUS_API_KEY_FILE', 'INTENT_API_KEY'],
  ...['BUS_ADMIN_TOKEN', 'BUS_ADMIN_TOKEN_FILE'],
  // The bus's own, which stand in for the two where a bus runs in this directory.
  ...['BUS_SECRET', 'BUS_SECRET_FILE', 'BUS_ADMIN_SECRET', 'BUS_ADMIN_SECRET_FILE'],
]

/** The system takes 128 KiB in one variable; a command that would get more is not even started. */
const MOST_IN_A_VARIABLE = 100 * 1024

type Env = Readonly<Record<string, string | undefined>>

/** Names of what is set, and kept from the commands. */
export const keptBack = (env: Env): string[] => KEYS.filter(name => env[name])

export const withoutKeys = (env: Env): Env =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !KEYS.includes(name)))

/** What a command is told of its job. */
export function variablesOf(job: Job): Record<string, string> {
  const payload = JSON.stringify(job.payload)
  return {
    INTENT_ID: job.id,
    INTENT_GOAL: job.goal,
    INTENT_NAMESPACE: job.namespace,
    INTENT_ATTEMPT: `${job.claimAttempts}`,
    ...(Buffer.byteLength(payload) > MOST_IN_A_VARIABLE ? {} : { INTENT_PAYLOAD: payload }),
  }
}
