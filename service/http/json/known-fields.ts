import type { ObjectSchema, Schema } from '../schemas/schema.ts'

/** What a call reads from its JSON object. Everything else is checked to be JSON and passed over. */
export type KnownFields = {
  /** By the length of their names in bytes, which tells nearly all of them apart. */
  readonly byLength: readonly (readonly KnownField[])[]
  /** JSON values that the object may hold, known and unknown. */
  readonly mostValues: number
}

/**
 * What is made of a field's value: a text, a number or a word; of a list that the call takes that, too; or nothing, if only
 * its place counts. An object, or a list in the place of another thing, is never built: it is kept as the text that it is, and
 * only stands for itself among the fields.
 */
type Built = 'scalar' | 'list' | 'nothing'

export type KnownField = { readonly name: string; readonly built: Built }

/** Values beside the payload or result. Their fingerprint takes some 30 ms, and no call has a hundred fields. */
const VALUES_BESIDE = 131_072

type Options = { also?: readonly string[]; onlyPlaces?: readonly string[]; jsonBytes?: number }

/**
 * @param also names that the schema does not have @param onlyPlaces such of which nothing is built
 * @param jsonBytes the largest payload or result that it takes; no value of JSON takes less than two bytes with its comma
 */
export function knownFields(
  schema: ObjectSchema<Record<string, Schema>>,
  { also = [], onlyPlaces = [], jsonBytes = 0 }: Options = {},
): KnownFields {
  const fields = [
    ...Object.entries(schema.properties).map(([name, { type }]) =>
      field(name, type === 'array' ? 'list' : 'scalar'),
    ),
    ...also.map(name => field(name, 'scalar')),
    ...onlyPlaces.map(name => field(name, 'nothing')),
  ]
  const byLength: KnownField[][] = []
  for (let length = 0; length <= Math.max(0, ...fields.map(({ name }) => name.length)); length++) {
    byLength.push(fields.filter(({ name }) => name.length === length))
  }
  return { byLength, mostValues: VALUES_BESIDE + Math.ceil(jsonBytes / 2) }
}

const field = (name: string, built: Built): KnownField => ({ name, built })
