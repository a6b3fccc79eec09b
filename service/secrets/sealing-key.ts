/** The file that holds the key of the vault. Without it, the API keys inside the database can't be opened. */
import { randomBytes } from 'node:crypto'
import { digestBytes } from '../http/digest.ts'
import { type KeyId, MASTER_KEY } from '../intent/routing.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'
import { PlantedKeyError, SecretsError } from './secrets-error.ts'
import { Aes256Vault, SEALING_KEY_BYTES } from './vault.ts'

/** What the check needs of a key in the database. @property hash SHA-256 of the key, by which it is found */
export type SealedKey = { sealed: Buffer; hash: Buffer; identity: KeyId }

/**
 * Reads the key file, or makes it when the database holds no API keys yet, and checks that it opens those it holds.
 *
 * @param keys every API key of the database
 * @throws {SecretsError} naming the file: it is missing, malformed, or the wrong one; or a key in the database is not what
 *   was sealed
 */
export function openVault(
  path: string,
  keys: readonly SealedKey[],
  warn: (line: string) => void,
): Aes256Vault {
  const text = readPrivateFile(path, warn)
  if (text === undefined && keys.length > 0) {
    throw new SecretsError(
      `${path} is missing, and ${counted(keys.length)} in the database can only be opened with it: put back the copy that you kept of it, or set BUS_KEY_FILE to where it is.`,
    )
  }
  const vault = new Aes256Vault(text === undefined ? makeKey(path) : parseKey(text, path))
  const shut = keys.filter(key => !opens(vault, key.sealed))
  if (shut.length > 0) {
    throw new SecretsError(
      `${path} is not the key of this database: it does not open ${shut.length} of ${counted(keys.length)}. Put the right file back, or set BUS_KEY_FILE to where it is.`,
    )
  }
  refusePlanted(vault, keys)
  return vault
}

/**
 * Whether the key of that text opens all of these.
 *
 * @throws {SecretsError} it is no key; or it opens them, and one is not what was sealed
 */
export function vaultOpens(text: string, path: string, keys: readonly SealedKey[]): boolean {
  const vault = new Aes256Vault(parseKey(text, path))
  if (!keys.every(each => opens(vault, each.sealed))) return false
  refusePlanted(vault, keys)
  return true
}

/** A row that somebody added or changed who has the database and not the sealing key, in a backup that is not encrypted. */
function refusePlanted(vault: Aes256Vault, keys: readonly SealedKey[]): void {
  const planted = keys.filter(
    ({ sealed, hash, identity }) => identity === MASTER_KEY || !digestBytes(vault.open(sealed)).equals(hash),
  )
  if (planted.length === 0) return
  throw new PlantedKeyError(
    `${counted(planted.length)} in the database ${planted.length === 1 ? 'is' : 'are'} not what this bus sealed: somebody has changed the database. Restore a backup that nobody could write to.`,
  )
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
