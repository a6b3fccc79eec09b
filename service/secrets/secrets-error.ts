/** The secrets can't be read or made. `message` is one line for the operator and holds no secret. */
export class SecretsError extends Error {
  override readonly name = 'SecretsError'
}

/** An API key in the database does not belong there. */
export class PlantedKeyError extends SecretsError {}

/** `ENOENT`, `EACCES`, …: what the operator can look up. */
export function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
