import type { LogDamage } from './damage.ts'
import {
  checksumAfter,
  type Frame,
  frames,
  type LogHeader,
  type LogSource,
  newHeader,
  type WrongBit,
} from './frames.ts'

export type Mended = {
  log: Buffer
  /** Frames in which one bit was wrong, which is right again. */
  repaired: number
  /** Damaged frames whose page a later frame has anyway. */
  superseded: number
  /** Damaged frames whose page is in no later one: an older version takes its place, or one with a wrong bit somewhere. */
  lost: number
}

/** Of a frame whose page number may be what is wrong. */
const NO_PAGE = 0

/** Writes a damaged log again, so that SQLite reads it to its end: the newest whole version of each page, as one transaction. */
export function mend(log: LogSource, { header, last }: LogDamage): Mended {
  const pages = new Map<number, Buffer>()
  const damaged = new Map<number, number>()
  let repaired = 0
  let superseded = 0
  let size = 0
  let followsLinked = true
  for (const [frame, next] of pairs(log, header, last)) {
    const wrong = frame.linked || next?.disproves ? [] : frame.wrongBits.filter(({ word }) => word >= 0)
    // Behind one of which nothing can be read, nothing says whether the next is right: it is taken to be.
    const isWhole = frame.linked || next?.disproves || wrong.length === 1 || !followsLinked
    followsLinked = frame.linked
    const bytes = wrong.length === 1 ? put(frame.bytes, wrong[0]!, header.bigEndian) : frame.bytes
    const page = isWhole || !wrong.some(({ word }) => word === 0) ? bytes.readUInt32BE(0) : NO_PAGE
    if (frame.present && isWhole) {
      superseded += damaged.get(page) ?? 0
      damaged.delete(page)
      if (!frame.linked) repaired += 1
      if (frame.commits) size = bytes.readUInt32BE(4)
    } else damaged.set(page, (damaged.get(page) ?? 0) + 1)
    // With one wrong bit, wherever it is, it is better than an older version.
    if (page !== NO_PAGE && frame.present && (isWhole || wrong.length > 0)) pages.set(page, bytes)
  }
  const lost = [...damaged.values()].reduce((sum, count) => sum + count, 0)
  return { log: logOf([...pages.values()], header.pageSize, size), repaired, superseded, lost }
}

/** Each frame, with bytes of its own, and the one behind it, which says whether its checksum was right. */
function* pairs(log: LogSource, header: LogHeader, last: number): Generator<[Frame, Frame | null], void> {
  let held: Frame | null = null
  for (const frame of frames(log, header)) {
    if (held !== null) yield [held, frame]
    held = null
    if (frame.index > last) return
    held = { ...frame, bytes: Buffer.from(new Uint8Array(frame.bytes).buffer) }
  }
  if (held !== null) yield [held, null]
}

function logOf(pages: Buffer[], pageSize: number, size: number): Buffer {
  const { bytes, right } = newHeader(pageSize, [0, 0])
  let checksum = right
  for (const [i, frame] of pages.entries()) {
    frame.writeUInt32BE(i === pages.length - 1 ? size : 0, 4)
    frame.fill(0, 8, 16)
    checksum = checksumAfter(checksum, frame)
    frame.writeInt32BE(checksum.s0, 16)
    frame.writeInt32BE(checksum.s1, 20)
  }
  return Buffer.concat([bytes, ...pages])
}

function put(frame: Buffer, { word, by }: WrongBit, bigEndian: boolean): Buffer {
  if (bigEndian) frame.writeInt32BE((frame.readInt32BE(word * 4) + by) | 0, word * 4)
  else frame.writeInt32LE((frame.readInt32LE(word * 4) + by) | 0, word * 4)
  return frame
}
