/** What the command ends with. Documented in docs/command-line.md, which a test holds against this. */
export const EXIT = {
  ok: 0,
  /** The intent is dead, or some of many were refused. */
  failed: 1,
  /** The command was not understood, or a setting is wrong. */
  usage: 2,
  /** No answer, or not a bus's. */
  unreachable: 3,
  /** The key, the signature or the admin token is wrong. */
  denied: 4,
  notFound: 5,
  /** The bus does not take this: a field, a size, a limit. */
  refused: 6,
  /** The time to wait is over, and it has not ended yet. */
  notYet: 7,
  /** What was asked may be done, but standard output cannot be written. */
  unwritten: 8,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
