/** Encrypted backups, in the format of age (age-encryption.org/v1): the `age` tool opens them, and seals others. */
import { BackupFault, lineOf } from './fault.ts'

/** Who can open it: whoever has the identity of one of the recipients (`age1…`), or knows the passphrase. */
export type Seal = { recipients: readonly string[] } | { passphrase: string }
/** What opens it. `identities`: lines `AGE-SECRET-KEY-1…`. */
export type Opener = { identities: readonly string[] } | { passphrase: string }

type Bytes = AsyncIterable<Uint8Array>

/**
 * scrypt takes 2^16 KiB for a moment: 64 MiB and about a second. age's own 2^18 would be 256 MiB, which a small machine
 * may not have beside a bus; a passphrase has at least 16 characters here.
 */
const SCRYPT_LOG_N = 16

/** 7 MB of memory, and only where it is asked for. */
const age = () => import('age-encryption')

/** @throws {BackupFault} a recipient is none */
export async function sealer(seal: Seal): Promise<(source: Bytes) => Bytes> {
  const { Encrypter } = await age()
  const encrypter = new Encrypter()
  if ('passphrase' in seal) {
    encrypter.setScryptWorkFactor(SCRYPT_LOG_N)
    encrypter.setPassphrase(seal.passphrase)
  } else {
    for (const recipient of seal.recipients) {
      try {
        encrypter.addRecipient(recipient)
      } catch (error) {
        throw new BackupFault('failed', `${recipient} is no recipient of age: ${lineOf(error)}.`)
      }
    }
  }
  return async function* (source) {
    yield* await encrypter.encrypt(ReadableStream.from(source) as ReadableStream<Uint8Array>)
  }
}

/** @throws {BackupFault} an identity is none */
export async function unsealer(opener: Opener): Promise<(source: Bytes) => Bytes> {
  const { Decrypter } = await age()
  const decrypter = new Decrypter()
  if ('passphrase' in opener) decrypter.addPassphrase(opener.passphrase)
  else {
    for (const identity of opener.identities) {
      try {
        decrypter.addIdentity(identity)
      } catch {
        throw new BackupFault(
          'failed',
          'A line of the identity file is no identity of age (AGE-SECRET-KEY-1…).',
        )
      }
    }
  }
  return async function* (source) {
    const opened = await decrypter
      .decrypt(ReadableStream.from(source) as ReadableStream<Uint8Array>)
      .catch((error: unknown) => {
        const what = 'passphrase' in opener ? 'this passphrase does not' : 'no identity in that file does'
        throw new BackupFault('failed', `It cannot be opened: ${what} (${lineOf(error)}).`)
      })
    yield* opened
  }
}

/** The identities of a file as `age-keygen` writes it: comments and blank lines are left out. */
export const identitiesIn = (text: string): string[] =>
  text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
