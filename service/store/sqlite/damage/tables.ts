const TABLES =
  /\b(meta|api_keys|lanes|intents|payloads|results|dead_letters|idempotency_keys|nonces|key_values|value_bytes|audit)\b/

/** A statement that was not noted is a way around damage, and those are all about intents. */
export const tableOf = (statement: string): string | undefined =>
  statement === '' ? 'intents' : TABLES.exec(statement)?.[1]

/** The table that a statement is about: which of its indexes it was nobody can say without reading them all. */
export function partOf(statement: string): string {
  const table = tableOf(statement)
  return table === undefined ? 'a table that cannot be told' : `table ${table}, or an index of it`
}
