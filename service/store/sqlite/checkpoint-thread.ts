import { parentPort, workerData } from 'node:worker_threads'
import Sqlite from './driver.ts'

/**
 * Copies the write-ahead log into the database while the writer goes on writing. A thread of its own, because the
 * copy and its two syncs take as long as the disk likes, and commits need not wait for them.
 */
const db = new Sqlite((workerData as { path: string }).path, { timeout: 0 })
db.pragma('synchronous = FULL')
db.pragma('wal_autocheckpoint = 0')

parentPort!.on('message', () => {
  try {
    db.pragma('wal_checkpoint(PASSIVE)')
    parentPort!.postMessage(null)
  } catch (error) {
    parentPort!.postMessage(error instanceof Error ? error.message : String(error))
  }
})
