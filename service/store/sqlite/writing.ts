import type { Store } from '../store.ts'
import type { Met } from './damage/damage.ts'

export type StoreLog = { info(text: string): void; warn(text: string): void; error(text: string): void }

/** What the store leaves to whoever has the writing connection. */
export type Writing = Pick<
  Store,
  'nextDue' | 'damage' | 'commit' | 'stats' | 'depths' | 'room' | 'holdings' | 'busiestGoals' | 'close'
> & {
  /** A read has met damage: it is looked at where damage is kept. */
  examine(met: Met): void
}
