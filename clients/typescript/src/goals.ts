/**
 * A user's own map of goals, so that payloads and results have types:
 *
 * ```ts
 * type Goals = { resize: { payload: { file: string }; result: { width: number } } }
 * const bus = new IntentBus<Goals>({ url, key })
 * ```
 */
export type GoalsLike<Goals> = { [Goal in keyof Goals]: { payload: unknown; result?: unknown } }

/** Any goal with anything in it: what one has without a map. */
// biome-ignore lint/suspicious/noExplicitAny: whoever gives no types gets none
export type AnyGoals = Record<string, { payload: any; result: any }>

export type Goal<Goals> = keyof Goals & string
export type PayloadOf<Goals, G extends keyof Goals> = Goals[G] extends { payload: infer Payload }
  ? Payload
  : never
export type ResultOf<Goals, G extends keyof Goals> = Goals[G] extends { result: infer R } ? R : unknown
