import type { Op } from '../store/operations.ts'
import { openReading, openWriting } from '../store/sqlite/connection.ts'
import { Reads } from '../store/sqlite/reads.ts'
import { Writer } from '../store/sqlite/writer.ts'
import type { Committed, Store } from '../store/store.ts'

type Waiting = { ops: readonly Op[]; now: number } & PromiseWithResolvers<Committed>

/**
 * The road not taken: the same store with its writing connection in the HTTP thread. Kept for the benchmark that
 * decided against it, so that the decision can be looked at again.
 */
export function openInlineStore(path: string): Store {
  const db = openWriting(path, console.log)
  const writer = new Writer(db, console.error)
  const reading = openReading(path)
  const reads = new Reads(reading)
  let waiting: Waiting[] = []

  function commitAll(): void {
    const batches = waiting
    waiting = []
    try {
      const { outcomes, transaction } = writer.commit(batches)
      for (const [i, batch] of batches.entries()) batch.resolve({ outcomes: outcomes[i]!, transaction })
    } catch (error) {
      for (const batch of batches) batch.reject(error)
    }
  }

  return {
    copySource: { file: path },
    lastSeen: reads.lastSeen(),
    nextDue: writer.nextDue,
    commit(ops, now) {
      // What the other sockets of this turn of the loop have to say shares the transaction.
      if (waiting.length === 0) setImmediate(commitAll)
      const one = { ops, now, ...Promise.withResolvers<Committed>() }
      waiting.push(one)
      return one.promise
    },
    stats: async () => writer.stats(),
    unsettled: async () => writer.unsettled(),
    intent: async id => reads.intent(id),
    payload: async id => reads.payload(id),
    result: async id => reads.result(id),
    value: async (keyId, key, now) => reads.value(keyId, key, now),
    keys: async () => reads.keys(),
    deadLetters: async search => reads.deadLetters(search),
    deadLetter: async id => reads.deadLetter(id),
    intents: async search => reads.intents(search),
    busiestGoals: async limit => writer.busiestGoals(limit),
    audit: async search => reads.audit(search),
    maintenance: async () => reads.maintenance(),
    async close() {
      reading.close()
      db.close()
    },
  }
}
