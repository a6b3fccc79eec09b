import { createCipheriv, randomBytes } from 'node:crypto'

/** Seals as buses did before a seal was bound to its row: version 1. It binds neither the hash nor the identity. */
export function earlierSeal(apiKey: string, sealingKey: Buffer): Buffer {
  const iv = randomBytes(12)
  const version = Buffer.from([1])
  const cipher = createCipheriv('aes-256-gcm', sealingKey, iv)
  cipher.setAAD(Buffer.concat([version, Buffer.from('intent-bus api key')]))
  const sealed = Buffer.concat([cipher.update(apiKey, 'utf8'), cipher.final()])
  return Buffer.concat([version, iv, cipher.getAuthTag(), sealed])
}
