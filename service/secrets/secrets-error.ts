/** The secrets can't be read or made. `message` is one line for the operator and holds no secret. */
export class SecretsError extends Error {
  override readonly name = 'SecretsError'
}

/** `ENOENT`, `EACCES`, …: what the operator can look up. */
export function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
