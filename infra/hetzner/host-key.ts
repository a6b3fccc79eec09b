/**
 * The key by which a machine proves that it is the one that was made. It is made here, before the machine, so that already the
 * first connection is verified.
 */
import crypto from 'node:crypto'
import * as pulumi from '@pulumi/pulumi'

/** @returns an Ed25519 pair: OpenSSH's own form of the private key (PROTOCOL.key of OpenSSH), and `ssh-ed25519 AAAA…` */
export function makeHostKey(): { privateKey: string; publicKey: string } {
  const text = (value: string | Buffer) => {
    const bytes = Buffer.from(value as string)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const number = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  const jwk = crypto.generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const publicBytes = Buffer.from(jwk.x!, 'base64url')
  const seed = Buffer.from(jwk.d!, 'base64url')
  const publicBlob = Buffer.concat([text('ssh-ed25519'), text(publicBytes)])
  // Twice the same: who decrypts sees by it that the passphrase was right. There is none.
  const check = crypto.randomBytes(4)
  const comment = text('intent-bus')
  const secret = [check, check, publicBlob, text(Buffer.concat([seed, publicBytes])), comment]
  const unpadded = Buffer.concat(secret)
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (unpadded.length % 8)) % 8))
  const blob = Buffer.concat([
    ...[Buffer.from('openssh-key-v1\0'), text('none'), text('none'), text(''), number(1)],
    ...[text(publicBlob), text(Buffer.concat([unpadded, padding]))],
  ])
  const lines = blob.toString('base64').match(/.{1,70}/g)!
  return {
    privateKey: [
      '-----BEGIN OPENSSH PRIVATE KEY-----',
      ...lines,
      '-----END OPENSSH PRIVATE KEY-----',
      '',
    ].join('\n'),
    publicKey: `ssh-ed25519 ${publicBlob.toString('base64')}`,
  }
}

type Keys = { privateKey: string; publicKey: string }

export const hostKeyProvider: pulumi.dynamic.ResourceProvider<object, Keys> = {
  async create() {
    const outs = makeHostKey()
    return { id: outs.publicKey, outs }
  },
  // One key for the life of the stack: nothing about it can change.
  async diff() {
    return { changes: false }
  },
}

/** An Ed25519 host key; the private half is encrypted in the state. */
export class HostKey extends pulumi.dynamic.Resource {
  declare readonly privateKey: pulumi.Output<string>
  /** `ssh-ed25519 AAAA…` */
  declare readonly publicKey: pulumi.Output<string>

  constructor(name: string, options: pulumi.CustomResourceOptions = {}) {
    super(
      hostKeyProvider,
      name,
      { privateKey: undefined, publicKey: undefined },
      pulumi.mergeOptions(options, { additionalSecretOutputs: ['privateKey'] }),
      'intent-bus',
      'HostKey',
    )
  }
}
