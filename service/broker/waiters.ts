import { type Ask, groupsFor, groupsOf, type KeyId, type Route, routeKey } from '../intent/routing.ts'
import type { Readied } from '../store/store.ts'

/**
 * A worker that waits for work. While it is `claiming` an attempt of its is on its way through the store; what becomes
 * ready meanwhile may or may not be seen by it, so it is told to look `again` if it comes back with nothing.
 */
export type Waiter = {
  readonly keyId: KeyId
  readonly namespace: string
  readonly groups: readonly string[]
  readonly arrival: number
  claiming: boolean
  again: boolean
  /** Told to give up while it was claiming. */
  dismissed: boolean
  /** The route of the ready intent it was roused for; to be passed on when it does not take one of those. */
  ticket: Route | null
  /** Set while it sleeps: `true` to try, `false` to give up. */
  rouse: ((attempt: boolean) => void) | null
}

/**
 * Workers in a long poll, kept by the groups of lanes they may take from, in order of arrival. A transaction that made
 * `n` intents of a route ready rouses the `n` that came first among those who may take them: nobody polls, and one
 * intent does not rouse a crowd.
 */
export class Waiters {
  readonly #byGroup = new Map<string, Set<Waiter>>()
  readonly #all = new Set<Waiter>()
  #arrivals = 0

  get size(): number {
    return this.#all.size
  }

  /** How many wait for work of each namespace. Counted when asked: who waits and leaves pays nothing for it. */
  byNamespace(): Map<string, number> {
    const waiting = new Map<string, number>()
    for (const { namespace } of this.#all) waiting.set(namespace, (waiting.get(namespace) ?? 0) + 1)
    return waiting
  }

  /** To be called before its first attempt: else what becomes ready during that one could be missed. */
  enter(ask: Ask): Waiter {
    this.#arrivals += 1
    const waiter: Waiter = {
      keyId: ask.keyId,
      namespace: ask.namespace,
      groups: groupsFor(ask),
      arrival: this.#arrivals,
      claiming: true,
      again: false,
      dismissed: false,
      ticket: null,
      rouse: null,
    }
    this.#all.add(waiter)
    for (const group of waiter.groups) {
      const members = this.#byGroup.get(group)
      if (members === undefined) this.#byGroup.set(group, new Set([waiter]))
      else members.add(waiter)
    }
    return waiter
  }

  /** To be called after each attempt. Nothing taken means that nothing is left for it, its ticket's route included. */
  attempted(waiter: Waiter, claimed: readonly { route: Route }[]): void {
    const { ticket } = waiter
    if (ticket === null) return
    const key = routeKey(ticket)
    if (claimed.length === 0 || claimed.some(({ route }) => routeKey(route) === key)) waiter.ticket = null
  }

  leave(waiter: Waiter): void {
    this.#all.delete(waiter)
    for (const group of waiter.groups) {
      const members = this.#byGroup.get(group)!
      members.delete(waiter)
      if (members.size === 0) this.#byGroup.delete(group)
    }
    if (waiter.ticket !== null) this.offer({ route: waiter.ticket, count: 1 })
  }

  /** @returns whether to try again, or (`false`) to give up; at once when something became ready meanwhile */
  sleep(waiter: Waiter): Promise<boolean> {
    if (waiter.dismissed) return Promise.resolve(false)
    if (waiter.again) {
      waiter.again = false
      return Promise.resolve(true)
    }
    waiter.claiming = false
    return new Promise(resolve => {
      waiter.rouse = attempt => {
        waiter.rouse = null
        waiter.claiming = attempt
        resolve(attempt)
      }
    })
  }

  /** Work became ready: rouses one waiter for each intent. */
  offer({ route, count }: Readied): void {
    if (this.#all.size === 0) return
    const candidates = groupsOf(route).flatMap(group => this.#byGroup.get(group) ?? [])
    for (let left = count; left > 0; left -= 1) {
      const first = earliestAsleep(candidates)
      if (first === undefined) {
        lookAgain(candidates)
        return
      }
      first.ticket = route
      first.rouse!(true)
    }
  }

  /** Everybody gives up, or everybody with that key. */
  dismiss(keyId?: KeyId): void {
    for (const waiter of this.#all) {
      if (keyId !== undefined && waiter.keyId !== keyId) continue
      waiter.dismissed = true
      waiter.rouse?.(false)
    }
  }
}

/** Each set is in order of arrival, so its first sleeper is its earliest. */
function earliestAsleep(candidates: readonly Set<Waiter>[]): Waiter | undefined {
  let earliest: Waiter | undefined
  for (const members of candidates) {
    for (const waiter of members) {
      if (earliest !== undefined && waiter.arrival > earliest.arrival) break
      if (waiter.claiming) continue
      earliest = waiter
      break
    }
  }
  return earliest
}

function lookAgain(candidates: readonly Set<Waiter>[]): void {
  for (const members of candidates) for (const waiter of members) waiter.again = true
}
