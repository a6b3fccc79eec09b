import { flushCompileCache } from 'node:module'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { StorageError } from '../store.ts'
import { Checkpoints, emptyLog } from './checkpoints.ts'
import { opening, openWriting } from './connection.ts'
import type { Batch, FromWriter, ToWriter } from './messages.ts'
import type { RoomSettings } from './room.ts'
import { fromOpRow, toOutcomeRow } from './rows.ts'
import { Writer } from './writer.ts'

/** Operations in one transaction: enough to share a sync among, few enough not to hold up the next one. */
const MOST_OPERATIONS = 512

/**
 * The thread that owns the writing connection. Messages are answered in the order they came.
 *
 * A thread of its own, because it was measured (`npm run bench -- --only placement`, 2 cores shared with the load, 40
 * connections, every commit synced). On a fast disk it is worth little: 7,000 cycles/s against 6,650 with the connection in
 * the HTTP thread. With 15 ms a sync, as phone flash has it, throughput is the sync's (380 either way), but `/health`
 * answers within 5 ms (p99) against 47, a publish within 50 ms against 72, and the loop lags by 3 ms against 33.
 */
const port = parentPort!
const tell = (message: FromWriter) => port.postMessage(message)

const complain = (text: string) => tell({ kind: 'complaint', text })
const log = { info: (text: string) => tell({ kind: 'note', text }), error: complain }
const { path, logPages, room } = workerData as { path: string; logPages?: number; room?: RoomSettings }

function open(): Writer | null {
  try {
    const db = openWriting(path, log.info)
    const writer = opening(path, () => new Writer(db, log, room, state => tell({ kind: 'damage', state })))
    tell({ kind: 'ready', nextDue: writer.nextDue })
    flushCompileCache()
    return writer
  } catch (error) {
    tell({ kind: 'cannot-open', message: error instanceof Error ? error.message : String(error) })
    return null
  }
}

const writer = open()
if (writer === null) port.close()
else {
  const checkpoints = new Checkpoints(writer.db, complain, 'beside', logPages)
  port.on('message', async (message: ToWriter) => {
    let behind: ToWriter | null = message
    while (behind !== null) behind = await answer(writer, checkpoints, behind)
  })
}

/** @returns the message that was taken from the port on the way and is next, or `null` */
async function answer(writer: Writer, checkpoints: Checkpoints, message: ToWriter): Promise<ToWriter | null> {
  if (message.kind === 'examine') {
    writer.damage.examine(message.met)
    return null
  }
  const { serial } = message
  let requests = 1
  let behind: ToWriter | null = null
  try {
    switch (message.kind) {
      case 'commit': {
        const batches = [message]
        behind = gather(batches)
        requests = batches.length
        const timed = batches.map(({ ops, now }) => ({ ops: fromOpRow(ops), now }))
        const { outcomes, transaction } = writer.commit(timed)
        const sent = timed.map(({ ops }, i) => toOutcomeRow(ops, outcomes[i]!))
        tell({ kind: 'committed', serial, outcomes: sent, transaction })
        // Answered: whatever goes wrong from here on must not answer these requests, or the next ones, again.
        try {
          checkpoints.committed(writer.logged)
        } catch (error) {
          complain(`checkpoint: ${(error as Error).message}`)
        }
        break
      }
      case 'stats':
        tell({ kind: 'stats', serial, stats: writer.stats() })
        break
      case 'room':
        tell({ kind: 'room', serial, room: writer.roomState() })
        break
      case 'holdings':
        tell({ kind: 'holdings', serial, byKey: writer.held() })
        break
      case 'goals':
        tell({ kind: 'goals', serial, goals: writer.busiestGoals(message.limit) })
        break
      case 'depths':
        tell({ kind: 'depths', serial, depths: writer.depths(message.names, message.most) })
        break
      case 'close':
        await checkpoints.close()
        await writer.room.close()
        emptyLog(writer.db, complain)
        writer.db.close()
        tell({ kind: 'closed', serial })
        port.close()
    }
  } catch (error) {
    tell({
      kind: 'failed',
      serial,
      requests,
      reason: error instanceof StorageError ? error.reason : 'failed',
      message: error instanceof Error ? error.message : String(error),
    })
  }
  return behind
}

/**
 * Adds to `batches` what has come in since the last commit began: it shares the next one.
 * @returns the first message that is no batch, or `null`
 */
function gather(batches: Batch[]): ToWriter | null {
  let operations = batches[0]!.count
  while (operations < MOST_OPERATIONS) {
    const received = receiveMessageOnPort(port) as { message: ToWriter } | undefined
    if (received === undefined) return null
    const { message } = received
    if (message.kind !== 'commit') return message
    batches.push(message)
    operations += message.count
  }
  return null
}
