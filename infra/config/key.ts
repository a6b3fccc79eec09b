/** One key of the configuration: how it is read, for which targets it is, and what the docs say of it. */
import type { Variable } from '../../service/config/kinds.ts'

export const TARGETS = ['local', 'ssh', 'hetzner', 'render'] as const
/** Where the bus is to run. */
export type Target = (typeof TARGETS)[number]

/** The targets that are a Docker of some sort. */
export const DOCKER_TARGETS = ['local', 'ssh', 'hetzner'] as const satisfies readonly Target[]

export type Key<T> = Omit<Variable<T>, 'type'> & {
  /** Elsewhere it is refused: it would do nothing. */
  targets: readonly Target[]
  /** Without it these targets can do nothing. */
  neededBy?: readonly Target[]
  /** Has to be set by `pulumi config set --secret`, and is never shown. */
  secret?: true
  /** A secret with fewer characters can be guessed, and a new bus refuses it. */
  least?: number
  /** As in a stack file, behind the key and a colon. */
  example: string
}

type About = { targets: readonly Target[]; neededBy?: readonly Target[]; example: string }

/** A kind of service/config/kinds.ts, with what a key says besides. */
export function key<T>(variable: Variable<T>, about: About): Key<T> {
  const { type: _, ...rest } = variable
  return { ...rest, ...about }
}

/** A secret: a text that looks like this, encrypted in the stack file and in the state. Unset, it is ''. */
export function secretKey(about: {
  pattern: RegExp
  takes: string
  least?: number
  meaning: string
  defaultText: string
  targets: readonly Target[]
  neededBy?: readonly Target[]
}): Key<string> & { secret: true } {
  const { pattern, ...rest } = about
  return {
    ...rest,
    secret: true,
    default: '',
    example: '(set by `pulumi config set --secret`)',
    parse: text => (pattern.test(text) ? text : undefined),
  }
}
