import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { digestBytes } from '../http/digest.ts'
import type { KeyVault } from '../http/settings.ts'
import type { KeyId } from '../intent/routing.ts'
import type { SealedKey } from '../store/records.ts'

export const SEALING_KEY_BYTES = 32

/**
 * Layout: version (1 byte), mark of the sealing key (8), IV (12), tag (16), ciphertext. Authenticated with it are the
 * version, the mark, the purpose, and the hash and identity of the key: a seal opens for the key and the identity it was made for.
 */
const VERSION = 2
/**
 * Of earlier buses: version (1), IV (12), tag (16), ciphertext. It binds nothing of the row, so the opened key has to be compared
 * with the hash, and its identity has to be believed. The next start seals such a key again.
 */
const UNBOUND_VERSION = 1
const MARK_BYTES = 8
const HEAD_BYTES = 1 + MARK_BYTES
const IV_BYTES = 12
const TAG_BYTES = 16
const PURPOSE = Buffer.from('intent-bus api key')

/** Seals with AES-256-GCM. Random IVs are safe for 2^32 keys (NIST SP 800-38D, 8.3); a bus issues thousands. */
export class Aes256Vault implements KeyVault {
  readonly #key: Buffer
  /** Version and mark, with which each seal begins. The mark tells this sealing key from others, and nothing about it. */
  readonly #head: Buffer

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    if (key.length !== SEALING_KEY_BYTES) throw new RangeError('a sealing key has 32 bytes')
    this.#key = key
    const mark = this.derive('intent-bus mark of the sealing key', Buffer.alloc(0)).subarray(0, MARK_BYTES)
    this.#head = Buffer.concat([Buffer.from([VERSION]), mark])
  }

  seal(apiKey: string, identity: KeyId): Buffer {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv)
    cipher.setAAD(boundBy(this.#head, digestBytes(apiKey), identity))
    const sealed = Buffer.concat([cipher.update(apiKey, 'utf8'), cipher.final()])
    return Buffer.concat([this.#head, iv, cipher.getAuthTag(), sealed])
  }

  /** HKDF (RFC 5869) with SHA-256. */
  derive(purpose: string, salt: Buffer): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#key, salt, purpose, SEALING_KEY_BYTES))
  }

  /** @throws {Error} sealed with another key or for another row, changed since, or of a version this bus does not know */
  open({ sealed, hash, identity }: SealedKey): string {
    switch (sealed[0]) {
      case VERSION:
        return this.#decrypt(
          sealed.subarray(HEAD_BYTES),
          boundBy(sealed.subarray(0, HEAD_BYTES), hash, identity),
        )
      case UNBOUND_VERSION:
        return this.#decrypt(sealed.subarray(1), UNBOUND)
      default:
        throw new Error('not a sealed API key of a version this bus knows')
    }
  }

  /** Whether the seal says that this key made it, whatever was changed since. Seals of version 1 do not say. */
  marks(sealed: Buffer): boolean {
    return this.#head.subarray(1).equals(sealed.subarray(1, HEAD_BYTES))
  }

  #decrypt(text: Buffer, bound: Buffer): string {
    const start = IV_BYTES + TAG_BYTES
    if (text.length < start) throw new Error('not a whole sealed API key')
    const decipher = createDecipheriv('aes-256-gcm', this.#key, text.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(bound).setAuthTag(text.subarray(IV_BYTES, start))
    return Buffer.concat([decipher.update(text.subarray(start)), decipher.final()]).toString('utf8')
  }
}

/** Whether an earlier bus sealed it, before seals were bound to their row. */
export const isUnbound = (sealed: Buffer): boolean => sealed[0] === UNBOUND_VERSION

const UNBOUND = Buffer.concat([Buffer.from([UNBOUND_VERSION]), PURPOSE])

function boundBy(head: Buffer, hash: Buffer, identity: KeyId): Buffer {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(identity))
  return Buffer.concat([head, PURPOSE, hash, number])
}
