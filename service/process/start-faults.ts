import { ConfigError } from '../config/config.ts'
import { SecretsError } from '../secrets/secrets-error.ts'
import { StoreOpenError } from '../store/open-error.ts'
import { StorageError } from '../store/store.ts'

/** @returns the one line an operator needs, or `undefined` for a fault of the bus itself, which shows its stack */
export function startFault(error: unknown, host: string, port: number): string | undefined {
  if (error instanceof ConfigError || error instanceof SecretsError || error instanceof StoreOpenError) {
    return error.message
  }
  if (error instanceof StorageError) {
    return `the database cannot be read (${error.message}). It was left as it is. Restore a backup, or salvage what can be read: docs/operations/corrupt-database.md`
  }
  const { code, syscall } = error as NodeJS.ErrnoException
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return undefined
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is taken: stop what listens there, or set PORT to another.`
    case 'EACCES':
      return `port ${port} of ${host} may not be opened by this user: set PORT to one above 1023.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAFNOSUPPORT':
      return `HOST is "${host}", which is not an address of this machine (${code}): try 127.0.0.1 or 0.0.0.0.`
    default:
      return `cannot listen on port ${port} of ${host} (${code}).`
  }
}
