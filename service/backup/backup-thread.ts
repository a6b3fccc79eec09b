import { flushCompileCache } from 'node:module'
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { BackupFault, lineOf } from './fault.ts'
import { type Job, type Made, makeBackup } from './make.ts'
import type { Bucket } from './upload.ts'

export type ThreadJob = { job: Job; bucket: Bucket | null }
export type FromThread =
  | { kind: 'made'; made: Made }
  | { kind: 'failed'; reason: BackupFault['reason']; message: string }
  | { kind: 'uploaded' }
  | { kind: 'not-uploaded'; message: string }

/** A thread of its own for one backup, and gone after it: nothing of it stays in memory, and nobody waits for it. */
const { job, bucket } = workerData as ThreadJob
const tell = (message: FromThread) => parentPort!.postMessage(message)

// On Linux (Android too) it is this thread that is nice, elsewhere the whole process.
if (process.platform === 'linux' || process.platform === 'android') setPriority(0, 19)

try {
  const made = await makeBackup(job)
  tell({ kind: 'made', made })
  if (bucket !== null) await send(made, bucket)
} catch (error) {
  tell({
    kind: 'failed',
    reason: error instanceof BackupFault ? error.reason : 'failed',
    message: lineOf(error),
  })
}

flushCompileCache()

async function send({ name }: Made, to: Bucket): Promise<void> {
  try {
    const { upload } = await import('./upload.ts')
    await upload(job.directory, name, to)
    tell({ kind: 'uploaded' })
  } catch (error) {
    tell({ kind: 'not-uploaded', message: lineOf(error) })
  }
}
