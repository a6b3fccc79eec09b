/** The configuration of the stack that Pulumi is at work on. */
import * as pulumi from '@pulumi/pulumi'
import type { SecretKeyName, Settings } from './keys.ts'
import { InvalidConfiguration, readConfiguration } from './read.ts'

export type Config = Settings & {
  /** Those that were given, each encrypted wherever Pulumi keeps it. */
  secrets: { readonly [Name in SecretKeyName]?: pulumi.Output<string> }
}

/** The namespace of the keys: the project's name in Pulumi.yaml. */
export const NAMESPACE = 'intent-bus'

/** What Pulumi itself asks; its types leave it out. */
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean }

/** @throws {pulumi.RunError} a line for every fault */
export function configOfStack(): Config {
  const config = new pulumi.Config(NAMESPACE)
  const prefix = `${NAMESPACE}:`
  const values = Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  )
  try {
    const read = readConfiguration({ values, isSecret: name => isConfigSecret(`${prefix}${name}`) })
    for (const warning of read.warnings) void pulumi.log.warn(warning)
    const secrets = Object.keys(read.secrets).map(name => [name, config.requireSecret(name)])
    return { ...read.values, secrets: Object.fromEntries(secrets) }
  } catch (error) {
    // Pulumi shows the message of this one, and of another a stack trace too.
    throw error instanceof InvalidConfiguration ? new pulumi.RunError(error.message) : error
  }
}
