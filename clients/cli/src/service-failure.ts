import { BackupFault } from '@intent-bus/service/backup/fault'
import { ConfigError } from '@intent-bus/service/config/config'
import { SecretsError } from '@intent-bus/service/secrets/secrets-error'
import { StoreOpenError } from '@intent-bus/service/store/open-error'
import { EXIT } from './exit-codes.ts'
import { Failure } from './failure.ts'

/** What the bus's own code has to say to its operator, as the command says it. Anything else is returned as it is. */
export function serviceFailure(error: unknown): unknown {
  if (error instanceof ConfigError) return new Failure(error.message)
  if (error instanceof BackupFault || error instanceof StoreOpenError || error instanceof SecretsError) {
    return new Failure(error.message, EXIT.failed)
  }
  const { code, syscall, message } = error as NodeJS.ErrnoException
  return code !== undefined && (syscall !== undefined || code.startsWith('SQLITE_'))
    ? new Failure(message, EXIT.failed)
    : error
}
