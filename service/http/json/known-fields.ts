import type { ObjectSchema, Schema } from '../schemas/schema.ts'

/** What a call reads from its JSON object. Everything else is checked to be JSON and passed over. */
export type KnownFields = {
  /** By the length of their names in bytes, which tells nearly all of them apart. */
  readonly byLength: readonly (readonly KnownField[])[]
  /** JSON values that the object may hold, known and unknown. */
  readonly mostValues: number
}

export type KnownField = {
  readonly name: string
  /** It takes any JSON: an object or a list is kept as the text that it is, and only stands for itself among the fields. */
  readonly anyJson: boolean
}

/** Values beside the payload or result. Their fingerprint takes some 30 ms, and no call has a hundred fields. */
const VALUES_BESIDE = 131_072

/**
 * @param also names that the schema does not have
 * @param jsonBytes the largest payload or result that it takes; no value of JSON takes less than two bytes with its comma
 */
export function knownFields(
  schema: ObjectSchema<Record<string, Schema>>,
  { also = [], jsonBytes = 0 }: { also?: readonly string[]; jsonBytes?: number } = {},
): KnownFields {
  const fields = [
    ...Object.entries(schema.properties).map(([name, { type }]) => ({
      name,
      anyJson: typeof type !== 'string',
    })),
    ...also.map(name => ({ name, anyJson: true })),
  ]
  const byLength: KnownField[][] = []
  for (let length = 0; length <= Math.max(0, ...fields.map(({ name }) => name.length)); length++) {
    byLength.push(fields.filter(({ name }) => name.length === length))
  }
  return { byLength, mostValues: VALUES_BESIDE + Math.ceil(jsonBytes / 2) }
}
