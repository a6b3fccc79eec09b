/** What backups are called: `bus-20261124T170102Z.db.zst`, by the moment (UTC) of which they are a copy. */

export type NameParts = {
  /** Wall ms, whole seconds. */
  at: number
  /** Of several in one second: 0 for the first. */
  again: number
  encrypted: boolean
}

const NAME = /^bus-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:-([1-9]\d?))?\.db\.zst(\.age)?$/
export const CHECKSUM = '.sha256'

export function nameOf({ at, again, encrypted }: NameParts): string {
  const stamp = `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  return `bus-${stamp}${again === 0 ? '' : `-${again}`}.db.zst${encrypted ? '.age' : ''}`
}

/** @returns `null` when a file of that name is no backup */
export function partsOf(name: string): NameParts | null {
  const match = NAME.exec(name)
  if (match === null) return null
  const [, year, month, day, hour, minute, second, again, age] = match
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(at) ? null : { at, again: Number(again ?? 0), encrypted: age !== undefined }
}

/** For `toSorted`: the newest first. */
export const newestFirst = (a: NameParts, b: NameParts): number => b.at - a.at || b.again - a.again
