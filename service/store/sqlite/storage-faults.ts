import { StorageError } from '../store.ts'

const FULL = new Set(['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE'])
const FAILED = [
  'SQLITE_IOERR',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_READONLY',
  'SQLITE_BUSY',
  'SQLITE_CANTOPEN',
  'SQLITE_NOMEM',
]

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Whether what was read is not what was written: other operations may need other pages, and be carried out. */
export const isDamage = (error: unknown): boolean => codeOf(error).startsWith('SQLITE_CORRUPT')

/** Whether it was the disk (and a whole commit is lost), rather than one operation. */
export function isStorageFault(error: unknown): boolean {
  const code = codeOf(error)
  return FULL.has(code) || FAILED.some(family => code.startsWith(family))
}

export function storageError(error: unknown): StorageError {
  const code = codeOf(error)
  const reason = FULL.has(code) ? 'full' : isDamage(error) ? 'damaged' : 'failed'
  return new StorageError(reason, `${code}: ${(error as Error).message}`)
}
