/** What stops the harness before it could measure anything, told without a stack. */
export class StressError extends Error {
  override readonly name = 'StressError'
  /** 2: wrongly used; 3: there is no bus to be measured. */
  readonly exit: 2 | 3

  constructor(message: string, exit: 2 | 3 = 2) {
    super(message)
    this.exit = exit
  }
}
