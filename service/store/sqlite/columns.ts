/** Alike rows turned on their side: what all of them have in common once, the rest as a list per field. */
export type Columns = { count: number; common: Fields; lists: Record<string, unknown[]> }
type Fields = Record<string, unknown>

/** @param rows at least one; all with the fields of the first */
export function toColumns(rows: readonly object[]): Columns {
  const of = rows as readonly Fields[]
  const count = of.length
  const common: Fields = {}
  const lists: Record<string, unknown[]> = {}
  for (const name in of[0]!) {
    const first = of[0]![name]
    let same = 1
    while (same < count && of[same]![name] === first) same += 1
    if (same === count) common[name] = first
    else lists[name] = of.map(row => row[name])
  }
  return { count, common, lists }
}

export function toRows<T>({ count, common, lists }: Columns): T[] {
  const rows: Fields[] = []
  for (let i = 0; i < count; i += 1) rows.push({ ...common })
  for (const name in lists) {
    const list = lists[name]!
    for (let i = 0; i < count; i += 1) rows[i]![name] = list[i]
  }
  return rows as T[]
}
