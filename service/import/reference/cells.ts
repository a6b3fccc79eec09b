/** What stands in a column, brought into what this bus has. The reference checks little, and SQLite nothing. */
import type { Cell } from './source.ts'

/** Of a row that cannot be taken: why. One reason has one wording, by which it is counted. */
export class Unfit extends Error {
  override readonly name = 'Unfit'
}

/** The last moment that a date can name, in seconds. */
const LAST_SECOND = 8.64e12

export const textOf = (cell: Cell | undefined): string | null => (typeof cell === 'string' ? cell : null)

/** Unix seconds as ms, or `null` when there is no such time. */
export function msOf(cell: Cell | undefined): number | null {
  const seconds = typeof cell === 'string' && cell.trim() !== '' ? Number(cell) : cell
  if (typeof seconds !== 'number' || !(seconds > 0) || seconds > LAST_SECOND) return null
  return Math.round(seconds * 1000)
}

/** A number within the range, by whatever way it was written; else the default. */
export function numberOf(cell: Cell | undefined, least: number, most: number, otherwise: number): number {
  const number = typeof cell === 'string' && cell.trim() !== '' ? Number(cell) : cell
  if (typeof number !== 'number' || Number.isNaN(number)) return otherwise
  return Math.min(most, Math.max(least, number))
}

export const wholeOf = (cell: Cell | undefined, least: number, most: number, otherwise: number): number =>
  Math.trunc(numberOf(cell, least, most, otherwise))

const HEX = /^[0-9a-f]{1,32}$/
const ID_LENGTH = 32

/**
 * An id of 7.0 has 8 hex digits, one of later versions 32, as here: the short ones get zeros in front.
 * @throws {Unfit}
 */
export function idOf(cell: Cell | undefined): string {
  const id = textOf(cell)?.toLowerCase().replaceAll('-', '') ?? ''
  if (!HEX.test(id)) throw new Unfit('its id is not made of hex digits, so no request can name it here')
  return id.padStart(ID_LENGTH, '0')
}
