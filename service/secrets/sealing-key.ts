/** The file that holds the key of the vault. Without it, the API keys inside the database can't be opened. */
import { randomBytes } from 'node:crypto'
import { readPrivateFile, writePrivateFile } from './private-file.ts'
import { SecretsError } from './secrets-error.ts'
import { Aes256Vault, SEALING_KEY_BYTES } from './vault.ts'

/** What the check needs of a key in the database. */
type SealedKey = { sealed: Buffer }

/**
 * Reads the key file, or makes it when the database holds no API keys yet, and checks that it opens those it holds.
 *
 * @param keys every API key of the database
 * @throws {SecretsError} naming the file: it is missing, malformed, or the wrong one
 */
export function openVault(
  path: string,
  keys: readonly SealedKey[],
  warn: (line: string) => void,
): Aes256Vault {
  const text = readPrivateFile(path, warn)
  if (text === undefined && keys.length > 0) {
    throw new SecretsError(
      `${path} is missing, and ${counted(keys.length)} in the database can only be opened with it: put it back from a backup, or set BUS_KEY_FILE to where it is.`,
    )
  }
  const vault = new Aes256Vault(text === undefined ? makeKey(path) : parseKey(text, path))
  const shut = keys.filter(key => !opens(vault, key.sealed))
  if (shut.length > 0) {
    throw new SecretsError(
      `${path} is not the key of this database: it does not open ${shut.length} of ${counted(keys.length)}. Put the right file back, or set BUS_KEY_FILE to where it is.`,
    )
  }
  return vault
}

/** Whether the key of that text opens all of these. @throws {SecretsError} it is no key */
export function vaultOpens(text: string, path: string, sealed: readonly Buffer[]): boolean {
  const vault = new Aes256Vault(parseKey(text, path))
  return sealed.every(each => opens(vault, each))
}

function makeKey(path: string): Buffer {
  const key = randomBytes(SEALING_KEY_BYTES)
  writePrivateFile(
    path,
    `${key.toString('hex')}\n`,
    'make its directory writable, or set BUS_KEY_FILE to a key you made: openssl rand -hex 32',
  )
  return key
}

function parseKey(text: string, path: string): Buffer {
  const hex = text.trim()
  if (!/^[0-9a-f]{64}$/i.test(hex)) {
    throw new SecretsError(
      `${path} holds no sealing key (${hex.length} characters, not shown): it takes 64 hex digits, as openssl rand -hex 32 makes them.`,
    )
  }
  return Buffer.from(hex, 'hex')
}

function opens(vault: Aes256Vault, sealed: Buffer): boolean {
  try {
    vault.open(sealed)
    return true
  } catch {
    return false
  }
}

const counted = (n: number): string => (n === 1 ? '1 API key' : `${n} API keys`)
