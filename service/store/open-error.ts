/** The store could not be opened. `message` is one line for the operator: what is wrong, and the way out. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError'
}
