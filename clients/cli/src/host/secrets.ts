import { existsSync, readFileSync } from 'node:fs'
import type { Finding } from '../doctor/finding.ts'
import type { Host } from './host.ts'

const check = 'secrets'

/** Whether the secrets of a bus with these settings and this data directory can be guessed. Nothing is changed, the mode of their file included. */
export async function secretsFindings({ config, secretsFile }: Host): Promise<Finding[]> {
  const { shortSecretsOf, shortSecretWarning } = await import('@intent-bus/service/secrets/short-secrets')
  const { parseSecretsFile } = await import('@intent-bus/service/secrets/secrets-file')
  try {
    const text = existsSync(secretsFile) ? readFileSync(secretsFile, 'utf8') : ''
    const short = shortSecretsOf(config, parseSecretsFile(text, secretsFile))
    if (short.length === 0) return [{ check, state: 'ok', detail: 'none is short enough to be guessed' }]
    const cure = 'A bus that has run starts with it, a new one does not: SECURITY.md'
    return short.map(name => ({ check, state: 'warning', detail: shortSecretWarning(name), cure }))
  } catch (error) {
    const cure = 'Run this as the user of the bus; correct or delete the line: docs/configuration.md'
    return [{ check, state: 'failed', detail: (error as Error).message, cure }]
  }
}
