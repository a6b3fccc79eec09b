import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { KeyVault } from '../http/settings.ts'

export const SEALING_KEY_BYTES = 32

/** Layout: version (1 byte), IV (12), tag (16), ciphertext. The version and the purpose are authenticated with it. */
const VERSION = 1
const IV_BYTES = 12
const TAG_BYTES = 16
const HEADER_BYTES = 1 + IV_BYTES + TAG_BYTES
const AAD = Buffer.concat([Buffer.from([VERSION]), Buffer.from('intent-bus api key')])

/** Seals with AES-256-GCM. Random IVs are safe for 2^32 keys (NIST SP 800-38D, 8.3); a bus issues thousands. */
export class Aes256Vault implements KeyVault {
  readonly #key: Buffer

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    if (key.length !== SEALING_KEY_BYTES) throw new RangeError('a sealing key has 32 bytes')
    this.#key = key
  }

  seal(apiKey: string): Buffer {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(AAD)
    const sealed = Buffer.concat([cipher.update(apiKey, 'utf8'), cipher.final()])
    return Buffer.concat([Buffer.from([VERSION]), iv, cipher.getAuthTag(), sealed])
  }

  /** HKDF (RFC 5869) with SHA-256. */
  derive(purpose: string, salt: Buffer): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#key, salt, purpose, SEALING_KEY_BYTES))
  }

  /** @throws {Error} sealed with another key, changed since, or of a version this bus does not know */
  open(sealed: Buffer): string {
    if (sealed.length < HEADER_BYTES || sealed[0] !== VERSION) {
      throw new Error('not a sealed API key of a version this bus knows')
    }
    const iv = sealed.subarray(1, 1 + IV_BYTES)
    const tag = sealed.subarray(1 + IV_BYTES, HEADER_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', this.#key, iv, { authTagLength: TAG_BYTES })
      .setAAD(AAD)
      .setAuthTag(tag)
    return Buffer.concat([decipher.update(sealed.subarray(HEADER_BYTES)), decipher.final()]).toString('utf8')
  }
}
