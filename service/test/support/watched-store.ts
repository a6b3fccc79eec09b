import { setImmediate } from 'node:timers/promises'
import type { Op } from '../../store/operations.ts'
import type { Committed, Store } from '../../store/store.ts'

export type WatchedStore = Store & {
  /** Resolves when no commit is under way and none follows. */
  settled(): Promise<void>
  /** Every later commit is refused with this; `null`: none is. */
  refuse: Error | null
  /** Every later commit waits for this before it reaches the disk; `null`: none does. */
  hold: Promise<void> | null
}

/** The real store, with a view of whether it is at rest and a way to make its disk fail. */
export function watched(store: Store): WatchedStore {
  let underWay = 0
  const watching: WatchedStore = Object.create(store, {
    lastSeen: { get: () => store.lastSeen },
    nextDue: { get: () => store.nextDue },
    damage: { get: () => store.damage },
  })
  return Object.assign(watching, {
    refuse: null,
    hold: null,
    async commit(ops: readonly Op[], now: number): Promise<Committed> {
      underWay += 1
      try {
        if (watching.hold !== null) await watching.hold
        if (watching.refuse !== null) throw watching.refuse
        return await store.commit(ops, now)
      } finally {
        underWay -= 1
      }
    },
    stats: () => store.stats(),
    room: () => store.room(),
    close: () => store.close(),
    async settled() {
      for (let quiet = 0; quiet < 3; quiet = underWay === 0 ? quiet + 1 : 0) await setImmediate()
    },
  })
}
