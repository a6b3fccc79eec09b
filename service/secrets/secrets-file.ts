/** The text of `secrets.env`: comments, and one `NAME=value` line per secret. A shell can source it, sed can read it. */
import { SECRET_NAMES, SECRETS, type SecretName } from '../config/secret-variables.ts'
import { SecretsError } from './secrets-error.ts'

export type Kept = Partial<Record<SecretName, string>>

const HEAD = [
  '# Secrets of this Intent Bus, made at its first start. Whoever reads this file can do anything with the bus.',
  '# A variable of the same name in the environment wins. To get a new secret, delete its line and restart.',
]

/** @throws {SecretsError} naming the line, never its text */
export function parseSecretsFile(text: string, path: string): Kept {
  const kept: Kept = {}
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const equals = line.indexOf('=')
    const name = SECRET_NAMES.find(known => known === line.slice(0, Math.max(equals, 0)))
    if (name === undefined) {
      throw new SecretsError(
        `${path}, line ${i + 1}: it takes a comment or NAME=value, where NAME is ${SECRET_NAMES.join(', ')}.`,
      )
    }
    const value = line.slice(equals + 1)
    if (value === '') continue
    if (!SECRETS[name].pattern.test(value)) {
      throw new SecretsError(`${path}, line ${i + 1}: ${name} takes ${SECRETS[name].takes}.`)
    }
    kept[name] = value
  }
  return kept
}

export function formatSecretsFile(kept: Kept): string {
  const lines = SECRET_NAMES.flatMap(name => (kept[name] === undefined ? [] : [`${name}=${kept[name]}`]))
  return `${[...HEAD, ...lines].join('\n')}\n`
}
