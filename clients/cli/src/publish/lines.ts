/** The lines of `publish --batch`, with the field names of the HTTP API. What a field takes the bus says itself. */
import type { Publication } from '@intent-bus/client/index'
import { camel, snake } from '@intent-bus/client/wire'
import { Failure } from '../failure.ts'
import { jsonOf } from '../input.ts'

type Line = { line: string; number: number }

/** Those of `POST /intents`, which passes over what it does not know; a test holds them to its schema. */
export const FIELDS = [
  'goal',
  'payload',
  'namespace',
  'visibility',
  'priority',
  'delay',
  'max_attempts',
  'backoff_base',
  'target_worker',
  'required_capability',
  'idempotency_key',
]

const EXAMPLE = 'Each line is an intent: {"goal": "mail", "payload": {"to": "Ada"}}'

/**
 * @param namespace of those that name none
 * @param warn hears of each field that is no field of an intent, once
 * @throws {Failure} a line is no intent, or has a field that is spelt nearly as one is: it would be published without
 */
export async function publicationsOf(
  lines: readonly Line[],
  namespace: string | undefined,
  warn: (line: string) => void,
): Promise<Publication<never>[]> {
  const told = new Set<string>()
  const publications: Publication<never>[] = []
  for (const { line, number } of lines) {
    const intent = jsonOf(`line ${number}`, line, EXAMPLE)
    if (typeof intent !== 'object' || intent === null || Array.isArray(intent)) {
      throw new Failure(`line ${number} takes an object: {"goal": "…", "payload": …}.`)
    }
    const known: Record<string, unknown> = namespace === undefined ? {} : { namespace }
    for (const [name, value] of Object.entries(intent)) {
      if (FIELDS.includes(name) || FIELDS.includes(snakeOf(name))) {
        known[name] = value
        continue
      }
      if (told.has(name)) continue
      told.add(name)
      warn(await unknownField(name, number))
    }
    publications.push(camel(known) as never)
  }
  return publications
}

const snakeOf = (name: string): string => Object.keys(snake({ [name]: 0 }))[0]!

async function unknownField(name: string, number: number): Promise<string> {
  const { nearest } = await import('@intent-bus/service/config/nearest')
  const field = `line ${number}: ${JSON.stringify(name)} is no field of an intent`
  const meant = nearest(name, FIELDS)
  if (meant !== undefined)
    throw new Failure(`${field}. Did you mean ${meant}?`, undefined, `It takes ${FIELDS.join(', ')}.`)
  return `${field}, and is ignored wherever it stands.`
}
