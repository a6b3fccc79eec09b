import type { Store } from '../store.ts'

export type StoreLog = { info(text: string): void; warn(text: string): void; error(text: string): void }

/** What the store leaves to whoever has the writing connection. */
export type Writing = Pick<
  Store,
  'nextDue' | 'commit' | 'stats' | 'depths' | 'room' | 'holdings' | 'busiestGoals' | 'close'
>
