/** Settings the bus can't start with. `message` has a line for each: the variable, what it got, what it takes. Never a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
