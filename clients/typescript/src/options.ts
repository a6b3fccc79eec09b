/**
 * What has no meaning is refused before it is sent. The bus itself takes it, as the protocol has it: an empty goal is any goal,
 * `delay: '1h'` no delay, `visibility: 'Public'` private, and an option that is misspelt is none.
 */
import { IntentBusError } from './errors.ts'

type Rule = { takes: string; fits: (value: unknown) => boolean }
type Rules = Readonly<Record<string, Rule>>

const word: Rule = {
  takes: 'a text that is not empty',
  fits: value => typeof value === 'string' && value.trim() !== '',
}
const words: Rule = {
  takes: 'a list of names',
  fits: value => Array.isArray(value) && value.every(word.fits),
}
const anything: Rule = { takes: 'anything', fits: () => true }

const oneOf = (...names: readonly string[]): Rule => ({
  takes: names.join(' or '),
  fits: value => names.includes(value as string),
})

const between = (least: number, most = Number.POSITIVE_INFINITY, unit = ''): Rule => ({
  takes: `a number${unit} ${most === Number.POSITIVE_INFINITY ? `from ${least}` : `from ${least} to ${most}`}`,
  fits: value => {
    const number = numberOf(value)
    return number >= least && number <= most
  },
})
const seconds = (least: number, most?: number) => between(least, most, ' of seconds')

/** `JSON.rawJSON` keeps the text of a number that JavaScript would print differently. */
function numberOf(value: unknown): number {
  const { rawJSON } = (value ?? {}) as { rawJSON?: unknown }
  if (typeof rawJSON === 'string') return Number(rawJSON)
  return typeof value === 'number' && value !== Number.POSITIVE_INFINITY ? value : Number.NaN
}

export const PUBLISH: Rules = {
  namespace: word,
  visibility: oneOf('private', 'public'),
  priority: between(0, 1000),
  delay: seconds(0),
  maxAttempts: between(1, 20),
  backoffBase: seconds(1, 3600),
  targetWorker: word,
  requiredCapability: word,
  idempotencyKey: word,
}
export const PUBLICATION: Rules = { goal: word, payload: anything, ...PUBLISH }
export const REQUEST: Rules = { ...PUBLISH, wait: seconds(0), signal: anything }
export const CLAIM: Rules = {
  goal: word,
  namespace: word,
  wait: seconds(0, 60),
  lease: seconds(10, 3600),
  workerId: word,
  capabilities: words,
  publisher: word,
  signal: anything,
  max: between(1, 100),
}
export const WORKER: Rules = {
  concurrency: anything,
  namespace: word,
  capabilities: words,
  workerId: word,
  lease: seconds(10, 3600),
  wait: seconds(0, 60),
  publisher: word,
  signal: anything,
  handleSignals: anything,
  hooks: anything,
}
export const RESULT: Rules = { wait: seconds(0), signal: anything }
export const VALUE: Rules = { ttl: seconds(1, 86_400) }
export const PROGRESS: Rules = { message: anything, seconds: seconds(10, 3600) }
export const INTENTS: Rules = { namespace: word, goal: word, status: word, id: word }
export const LETTERS: Rules = {
  namespace: word,
  goal: word,
  cause: word,
  reason: word,
  since: between(0),
}

/** For what is no option, but an argument. */
export function checkWord(name: string, value: unknown): void {
  if (!word.fits(value)) refuse(`${name} takes ${word.takes}; it got ${shown(value)}.`)
}

/**
 * @param where begins the message: `intents[3]: `
 * @throws {IntentBusError} `invalid_request`, with the name, what it takes and what it got
 */
export function check(options: object, rules: Rules, where = ''): void {
  for (const [name, value] of Object.entries(options)) {
    // On the wire, `null` is the same as left out.
    if (value === undefined || value === null) continue
    if (!Object.hasOwn(rules, name))
      refuse(`${where}${name} is not an option; there are ${Object.keys(rules).join(', ')}.`)
    const { takes, fits } = rules[name]!
    if (!fits(value)) refuse(`${where}${name} takes ${takes}; it got ${shown(value)}.`)
  }
}

function refuse(message: string): never {
  throw new IntentBusError('invalid_request', message)
}

/** Not what an object holds: it may be a secret. */
function shown(value: unknown): string {
  if (typeof value === 'string')
    return value.trim() === '' ? 'an empty one' : JSON.stringify(value.slice(0, 60))
  return typeof value === 'object' ? 'an object' : String(value)
}
