/** A setting the bus can't start with. `message` is one line: the variable, what it got, what it takes. Never a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
