/** A proxy in front of a bus, as one of the files in ops/server sets it up, on ports of its own. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { root } from '../../../service/test/support/root.ts'

export type Front = {
  /** Where it takes HTTPS. Its certificate is for `localhost`. */
  port: number
  /** Where it sends plain HTTP on to HTTPS. */
  plainPort: number
  /** A file with the certificate that signs for it. */
  authority: string
  stop: () => Promise<void>
}

/** @param dir for its files @param busPort where the bus listens, on the loopback address */
export type Start = (dir: string, busPort: number) => Promise<Front>

export const configOf = (path: string): string => readFileSync(join(root, path), 'utf8')

/** All of these, or the configuration is not what the test thinks it is. @throws when one is not there */
export function replaced(text: string, changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((made, [from, to]) => {
    if (!made.includes(from)) throw new Error(`"${from}" is not in the configuration`)
    return made.replaceAll(from, to)
  }, text)
}

/** A certificate for `localhost` that nobody but the test believes. */
export function certificate(dir: string): { cert: string; key: string } {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', ...kind, ...subject, '-out', cert, '-keyout', key], { stdio: 'ignore' })
  return { cert, key }
}

/** An address of this machine that is not the loopback one, which the bus excepts from HTTPS. */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap(each => each ?? [])
  const own = all.find(({ internal, family }) => !internal && family === 'IPv4')?.address
  if (own === undefined) throw new Error('this machine has no address but the loopback one')
  return own
}
