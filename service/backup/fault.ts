/** Why a backup was not made or not restored. `message` is one line for the operator; `no_room`: nothing was begun. */
export class BackupFault extends Error {
  override readonly name = 'BackupFault'
  readonly reason: 'no_room' | 'failed'

  constructor(reason: 'no_room' | 'failed', message: string) {
    super(message)
    this.reason = reason
  }
}

/** What went wrong, in one line, whoever threw it. */
export const lineOf = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string }
  const text = (message ?? String(error)).replace(/\s+/g, ' ').trim()
  return code === undefined || text.includes(code) ? text : `${code}: ${text}`
}
