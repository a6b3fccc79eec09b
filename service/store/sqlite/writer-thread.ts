import { parentPort, workerData } from 'node:worker_threads'
import { StorageError } from '../store.ts'
import { Checkpoints } from './checkpoints.ts'
import { openWriting } from './connection.ts'
import type { FromWriter, ToWriter } from './messages.ts'
import { Writer } from './writer.ts'

/** The thread that owns the writing connection. One message in, one out, in order. */
const port = parentPort!
const tell = (message: FromWriter) => port.postMessage(message)

const complain = (text: string) => tell({ kind: 'complaint', text })

function open(): Writer | null {
  try {
    const db = openWriting((workerData as { path: string }).path, text => tell({ kind: 'note', text }))
    const writer = new Writer(db, complain)
    tell({ kind: 'ready', nextDue: writer.nextDue })
    return writer
  } catch (error) {
    tell({ kind: 'cannot-open', message: error instanceof Error ? error.message : String(error) })
    return null
  }
}

const writer = open()
if (writer === null) port.close()
else {
  const checkpoints = new Checkpoints(writer.db, complain)
  port.on('message', async (message: ToWriter) => {
    try {
      switch (message.kind) {
        case 'commit':
          tell({ kind: 'committed', committed: writer.commit(message.ops.map(revived), message.now) })
          return checkpoints.committed()
        case 'stats':
          return tell({ kind: 'stats', stats: writer.stats() })
        case 'close':
          await checkpoints.close()
          writer.db.pragma('wal_checkpoint(TRUNCATE)')
          writer.db.close()
          tell({ kind: 'closed' })
          return port.close()
      }
    } catch (error) {
      tell({
        kind: 'failed',
        reason: error instanceof StorageError ? error.reason : 'failed',
        message: error instanceof Error ? error.message : String(error),
      })
    }
  })
}

/** A Buffer crosses threads as a plain Uint8Array. */
function revived<T extends ToWriter & { kind: 'commit' }>(op: T['ops'][number]): T['ops'][number] {
  if (op.kind === 'publish' && op.idempotency !== null) {
    op.idempotency.fingerprint = Buffer.from(op.idempotency.fingerprint)
  } else if (op.kind === 'createKey') {
    op.hash = Buffer.from(op.hash)
    op.sealed = Buffer.from(op.sealed)
  } else if (op.kind === 'revokeKey') {
    op.hash = Buffer.from(op.hash)
  }
  return op
}
