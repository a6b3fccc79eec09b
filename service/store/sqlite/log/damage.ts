import {
  FRAME_HEADER_BYTES,
  frames,
  framesIn,
  HEADER_BYTES,
  type LogHeader,
  type LogSource,
  readHeader,
} from './frames.ts'

export type LogDamage = {
  /** As it should be. */
  header: LogHeader
  /** The first that SQLite does not read, from 0; -1: it reads none, since the header is damaged. */
  broken: number
  /** The last of all that was acknowledged, as far as can be said. */
  last: number
  /** Transactions that end from `broken` to `last`, as far as their ends can be read. */
  commits: number
}

/**
 * Tells damage from the torn end that a power cut leaves. Every commit syncs the log before it is answered, and nothing of
 * the next one is written before that. So only the last transaction may be there in part: any of its sectors may be missing,
 * and its end may be there without its beginning. SQLite leaves that one out, rightly: its client got no answer. But a frame
 * that continues from the *end* of a transaction which cannot be read says that this one was whole and on disk.
 *
 * What a later transaction overwrote in part (one that could not be committed, or was torn by an earlier power cut) can also
 * be there, with the same salts. Nothing continues from its end.
 *
 * @param pageSize of the database, for a log whose header does not say
 * @returns `null`: it is whole, or torn, or its last transaction is damaged, which looks the same
 */
export function findDamage(log: LogSource, pageSize: number): LogDamage | null {
  const header = readHeader(log)
  if (header === null) return null
  if (header.sound) return behindFrame(log, header)
  for (const bigEndian of [false, true]) {
    const damage = behindHeader(log, { ...header, pageSize, bigEndian })
    if (damage !== null) return damage
  }
  return null
}

function behindFrame(log: LogSource, header: LogHeader): LogDamage | null {
  let broken = -1
  let last = -1
  let commits = 0
  /** Of those, the ones that belong to what is known to have been committed. */
  let counted = 0
  let isCertain = true
  let followsCommit = false
  for (const { index, sound, present, linked, commits: ends } of frames(log, header)) {
    if (broken === -1) {
      if (sound) continue
      broken = index
      isCertain = false
    } else if (!linked) isCertain = false
    else if (followsCommit && present) {
      isCertain = true
      last = index - 1
      counted = commits
    }
    if (ends) commits += 1
    if (ends && isCertain) {
      last = index
      counted = commits
    }
    followsCommit = ends
  }
  return last === -1 ? null : { header, broken, last, commits: counted }
}

/**
 * SQLite ignores a log whose header is damaged, whatever is in it. The header is synced before the first frame is written:
 * behind one that was not yet whole there is no transaction that continues from it.
 *
 * @param header as far as it can be guessed, but for the salts: those of the first frame
 */
function behindHeader(log: LogSource, header: LogHeader): LogDamage | null {
  if (framesIn(log, header) < 1) return null
  const salts = Buffer.alloc(8)
  log.read(salts, HEADER_BYTES + FRAME_HEADER_BYTES - 16)
  const probable: LogHeader = { ...header, salts: [salts.readUInt32BE(0), salts.readUInt32BE(4)] }
  let last = -1
  let commits = 0
  for (const frame of frames(log, probable)) {
    if (frame.index > 0 && !(frame.present && frame.linked)) break
    if (!frame.commits) continue
    last = frame.index
    commits += 1
  }
  return last === -1 ? null : { header: probable, broken: -1, last, commits }
}
