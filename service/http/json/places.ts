/** Where a value stands, in bytes; `end` is exclusive. */
export type Place = { start: number; end: number }

/**
 * A member of an object: its value, and where its name stands, quotes included. `escaped` says whether the name has an escape,
 * `depth` is that of the value's deepest leaf (its own root is at 0), and `spaced` says whether there is white space between the
 * tokens of the value.
 */
export type Member = Place & {
  nameStart: number
  nameEnd: number
  escaped: boolean
  depth: number
  spaced: boolean
}

/**
 * An element of the list that was asked for. `members` is `null` when it is no object, or has more members than are written
 * down. `values` is how many JSON values it has, itself included.
 */
export type Item = Place & { members: Member[] | null; values: number }
