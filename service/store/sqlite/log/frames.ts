/**
 * Reads SQLite's write-ahead log without SQLite: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
 *
 * The checksum of each frame continues from that of the frame before it, so SQLite stops reading at the first frame that
 * does not match. Here the walk continues behind it: a frame still shows that it follows the one before it, when its checksum
 * continues from what that one has stored (or should have stored).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'

export const HEADER_BYTES = 32
export const FRAME_HEADER_BYTES = 24
const MAGIC = 0x377f0682
const FORMAT = 3_007_000
/** A disk writes at least this much in one piece, or nothing of it. */
const SECTOR = 512
/** Read at a time, in bytes, near enough. */
const CHUNK = 1024 * 1024

/** Where a log is read from: a file, or memory. `read` fills all of `into`. */
export type LogSource = { readonly bytes: number; read(into: Buffer, at: number): void }

type Checksum = { readonly s0: number; readonly s1: number }

export type LogHeader = {
  pageSize: number
  /** How the words that the checksums add up are stored. */
  bigEndian: boolean
  salts: readonly [number, number]
  stored: Checksum
  /** What the checksum of the header should be. */
  right: Checksum
  /** Whether SQLite reads the log at all. */
  sound: boolean
}

export type Frame = {
  /** From 0. */
  index: number
  page: number
  /** Its bytes, header included. They are overwritten when the next frame is asked for. */
  bytes: Buffer
  /** SQLite reads it, if it has read all before it. */
  sound: boolean
  /** It belongs to what was written since the log last started over. Before that lie others, with other salts. */
  present: boolean
  /** Its checksum continues from the frame before it: whatever wrote it had that one before it. */
  linked: boolean
  /** It is linked, and the checksum that the frame before it has stored is wrong. */
  disproves: boolean
  /** It ends a transaction. */
  commits: boolean
  /** If it does not continue from the frame before it: each bit that explains this, were it the only wrong one. */
  wrongBits: WrongBit[]
}

/** Which word of a frame is wrong, and what has to be added to it. -1: the stored checksum itself. */
export type WrongBit = { word: number; by: number }

export function withLog<T>(path: string, use: (log: LogSource) => T): T {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    return use({
      bytes: size,
      read(into, at) {
        for (let done = 0; done < into.length; ) {
          const read = readSync(file, into, done, into.length - done, at + done)
          if (read === 0) throw new Error(`${path} became shorter while it was read`)
          done += read
        }
      },
    })
  } finally {
    closeSync(file)
  }
}

export function inMemory(log: Buffer): LogSource {
  return { bytes: log.length, read: (into, at) => void log.copy(into, 0, at, at + into.length) }
}

/** @returns `null` when the log is shorter than a header */
export function readHeader(log: LogSource): LogHeader | null {
  if (log.bytes < HEADER_BYTES) return null
  const bytes = Buffer.alloc(HEADER_BYTES)
  log.read(bytes, 0)
  const magic = bytes.readUInt32BE(0)
  const pageSize = bytes.readUInt32BE(8)
  const bigEndian = (magic & 1) === 1
  const stored = { s0: bytes.readInt32BE(24), s1: bytes.readInt32BE(28) }
  const right = added({ s0: 0, s1: 0 }, wordsOf(bytes, bigEndian), 0, 6)
  return {
    pageSize,
    bigEndian,
    salts: [bytes.readUInt32BE(16), bytes.readUInt32BE(20)],
    stored,
    right,
    sound:
      magic >>> 1 === MAGIC >>> 1 &&
      bytes.readUInt32BE(4) === FORMAT &&
      isPageSize(pageSize) &&
      equal(stored, right),
  }
}

export const isPageSize = (bytes: number) => bytes >= 512 && bytes <= 65_536 && (bytes & (bytes - 1)) === 0

export function framesIn(log: LogSource, { pageSize }: LogHeader): number {
  return Math.floor((log.bytes - HEADER_BYTES) / (FRAME_HEADER_BYTES + pageSize))
}

/** All frames to the end of the file, those of earlier rounds included. */
export function* frames(log: LogSource, header: LogHeader): Generator<Frame, void> {
  const frameBytes = FRAME_HEADER_BYTES + header.pageSize
  const count = framesIn(log, header)
  const atOnce = Math.max(1, Math.floor(CHUNK / frameBytes))
  const chunk = Buffer.from(new ArrayBuffer(Math.min(atOnce, count) * frameBytes))
  let before: Pick<Frame, 'present' | 'linked'> & { stored: Checksum; right: Checksum } = {
    ...header,
    present: true,
    linked: true,
  }
  for (let from = 0; from < count; from += atOnce) {
    const read = chunk.subarray(0, Math.min(atOnce, count - from) * frameBytes)
    log.read(read, HEADER_BYTES + from * frameBytes)
    const words = wordsOf(read, header.bigEndian)
    for (let at = 0; at < read.length; at += frameBytes) {
      const index = from + at / frameBytes
      const bytes = read.subarray(at, at + frameBytes)
      const first = at / 4
      const end = first + frameBytes / 4
      const page = bytes.readUInt32BE(0)
      const salted = bytes.readUInt32BE(8) === header.salts[0] && bytes.readUInt32BE(12) === header.salts[1]
      const stored = { s0: bytes.readInt32BE(16), s1: bytes.readInt32BE(20) }
      // The salts are not in the checksum: a frame whose own are damaged still continues from its neighbour.
      const mayFollow = salted || (before.linked && before.present)
      const right = mayFollow ? ofFrame(before.stored, words, first, end) : stored
      const follows = mayFollow && equal(stored, right)
      const linked = follows || (mayFollow && equal(stored, ofFrame(before.right, words, first, end)))
      const present = salted || linked
      const wrongBits =
        present && !linked && before.linked ? explaining(right, stored, words.subarray(first, end)) : []
      const mark = bytes.readUInt32BE(4)
      const isRight = linked || (mark !== 0 && isOnePiece(HEADER_BYTES + index * frameBytes))
      const commits =
        present && (isRight ? mark !== 0 : wrongBits.some(wrong => isMarkBut(wrong, words[first + 1]!)))
      const sound = salted && page !== 0 && follows
      yield { index, page, bytes, sound, present, linked, disproves: linked && !follows, commits, wrongBits }
      before = { present, linked, stored, right }
    }
  }
}

/** Whether the disk wrote the header of a frame in one piece, so that all of it is from one writing. @param at of the file */
const isOnePiece = (at: number) => (at % SECTOR) + FRAME_HEADER_BYTES <= SECTOR

const isMarkBut = ({ word, by }: WrongBit, mark: number) => ((mark + (word === 1 ? by : 0)) | 0) !== 0

const equal = (a: Checksum, b: Checksum) => a.s0 === b.s0 && a.s1 === b.s1

/** Continues the checksum over a frame that is to be written. Its words are in this machine's order. */
export function checksumAfter(before: Checksum, frame: Buffer): Checksum {
  return ofFrame(before, wordsOf(frame, BIG_ENDIAN), 0, frame.length / 4)
}

const BIG_ENDIAN = endianness() === 'BE'

/** The header of a log that is to be written, and the checksum from which its first frame continues. */
export function newHeader(
  pageSize: number,
  salts: readonly [number, number],
): { bytes: Buffer; right: Checksum } {
  const bytes = Buffer.alloc(HEADER_BYTES)
  const words = [MAGIC | (BIG_ENDIAN ? 1 : 0), FORMAT, pageSize, 0, ...salts]
  for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, i * 4)
  const right = added({ s0: 0, s1: 0 }, wordsOf(bytes, BIG_ENDIAN), 0, 6)
  bytes.writeInt32BE(right.s0, 24)
  bytes.writeInt32BE(right.s1, 28)
  return { bytes, right }
}

/** The checksum covers page number and mark, and then the page; the salts and the checksum itself it leaves out. */
function ofFrame(before: Checksum, words: Int32Array, first: number, end: number): Checksum {
  return added(added(before, words, first, first + 2), words, first + FRAME_HEADER_BYTES / 4, end)
}

/** @param end of the words, whose number is even */
function added({ s0, s1 }: Checksum, words: Int32Array, from: number, end: number): Checksum {
  let a = s0
  let b = s1
  for (let i = from; i < end; i += 2) {
    a = (a + words[i]! + b) | 0
    b = (b + words[i + 1]! + a) | 0
  }
  return { s0: a, s1: b }
}

/**
 * A wrong word shifts both sums by what it is wrong by, and from there on the shift grows in the same way whatever the other
 * words are: so it can be followed back to where it began. The upper bits of a word leave the sum so soon that several places
 * explain the same shift.
 */
function explaining(right: Checksum, stored: Checksum, frame: Int32Array): WrongBit[] {
  const found: WrongBit[] = []
  let a = (stored.s0 - right.s0) | 0
  let b = (stored.s1 - right.s1) | 0
  if ((b === 0 && isOneBit(stored.s0, -a)) || (a === 0 && isOneBit(stored.s1, -b)))
    found.push({ word: -1, by: 0 })
  for (let word = frame.length - 2; word >= 0; word -= 2) {
    if (a === 0 && isOneBit(frame[word + 1]!, b)) found.push({ word: word + 1, by: b })
    if (a === b && isOneBit(frame[word]!, a)) found.push({ word, by: a })
    b = (b - a) | 0
    a = (a - b) | 0
    // The salts and the checksum are not among the words that are added up.
    if (word === FRAME_HEADER_BYTES / 4) word = 2
  }
  return found
}

/** Whether adding to the word changes one bit of it. */
function isOneBit(word: number, by: number): boolean {
  const changed = word ^ (word + by)
  return changed !== 0 && (changed & (changed - 1)) === 0
}

/** As 32-bit words, in the order in which the log's checksums read them. */
function wordsOf(bytes: Buffer, bigEndian: boolean): Int32Array {
  const native = BIG_ENDIAN === bigEndian && bytes.byteOffset % 4 === 0
  const source = native ? bytes : Buffer.from(new Uint8Array(bytes).buffer)
  if (bigEndian !== BIG_ENDIAN) source.swap32()
  return new Int32Array(source.buffer, source.byteOffset, source.length / 4)
}
