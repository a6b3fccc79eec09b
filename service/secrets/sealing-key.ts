/** The file that holds the key of the vault. Without it, the API keys inside the database can't be opened. */
import { randomBytes } from 'node:crypto'
import { digestBytes } from '../http/digest.ts'
import { MASTER_KEY } from '../intent/routing.ts'
import type { KeyRecord, SealedKey } from '../store/records.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'
import { PlantedKeyError, SecretsError } from './secrets-error.ts'
import { Aes256Vault, SEALING_KEY_BYTES } from './vault.ts'

/** What the check needs of a key in the database: its number too, to name it. */
export type NumberedKey = SealedKey & Pick<KeyRecord, 'id'>

const PAGE = 'docs/operations/lost-key.md'
const MOST_NAMED = 20

/**
 * Reads the key file, or makes it when the database holds no API keys yet, and checks that it opens those it holds.
 *
 * @param keys every API key of the database
 * @throws {SecretsError} naming the file: it is missing, malformed, or the wrong one; or a key in the database is not what
 *   was sealed
 */
export function openVault(
  path: string,
  keys: readonly NumberedKey[],
  warn: (line: string) => void,
): Aes256Vault {
  const text = readPrivateFile(path, warn)
  if (text === undefined && keys.length > 0) {
    throw new SecretsError(
      `${path} is missing, and ${counted(keys.length)} in the database can only be opened with it: put back the copy that you kept of it, or set BUS_KEY_FILE to where it is.`,
    )
  }
  const vault = new Aes256Vault(text === undefined ? makeKey(path) : parseKey(text, path))
  if (!isKeyOf(vault, keys)) {
    throw new SecretsError(
      `${path} is not the key of this database: it does not open ${keys.length} of ${counted(keys.length)}. Put the right file back, or set BUS_KEY_FILE to where it is.`,
    )
  }
  return vault
}

/**
 * Whether the sealing key in that text belongs to these keys.
 *
 * @throws {SecretsError} it is no key
 * @throws {PlantedKeyError} it belongs to them, and one of them is not what was sealed
 */
export const vaultOpens = (text: string, path: string, keys: readonly NumberedKey[]): boolean =>
  isKeyOf(new Aes256Vault(parseKey(text, path)), keys)

/**
 * A row that is not genuine was added or changed by somebody who has the database and not the sealing key: they could write to a
 * backup that is not encrypted.
 *
 * @returns `false` when another sealing key made all of them
 * @throws {PlantedKeyError}
 */
function isKeyOf(vault: Aes256Vault, keys: readonly NumberedKey[]): boolean {
  const verdicts = keys.map(key => verdictOn(vault, key))
  if (keys.length > 0 && verdicts.every(verdict => verdict === 'of another sealing key')) return false
  const planted = keys.filter((_key, i) => verdicts[i] !== 'genuine').map(({ id }) => id)
  if (planted.length === 0) return true
  const named = planted.slice(0, MOST_NAMED).join(', ') + (planted.length > MOST_NAMED ? ', …' : '')
  const which =
    planted.length === 1 ? `API key ${named} in the database is` : `API keys ${named} in the database are`
  throw new PlantedKeyError(
    `${which} not what this bus sealed: somebody has changed the database, or it is damaged. What to do: ${PAGE}.`,
  )
}

function verdictOn(vault: Aes256Vault, key: NumberedKey): 'genuine' | 'changed' | 'of another sealing key' {
  // Whoever changes a database can also change what its columns may hold.
  if (!Buffer.isBuffer(key.sealed) || !Buffer.isBuffer(key.hash)) return 'changed'
  if (!Number.isSafeInteger(key.identity) || key.identity <= MASTER_KEY) return 'changed'
  try {
    // A seal of an earlier bus opens whatever the hash is.
    return digestBytes(vault.open(key)).equals(key.hash) ? 'genuine' : 'changed'
  } catch {
    return vault.marks(key.sealed) ? 'changed' : 'of another sealing key'
  }
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

const counted = (n: number): string => (n === 1 ? '1 API key' : `${n} API keys`)
