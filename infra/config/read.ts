/** The configuration as a stack has it, read once and up front: every fault is told, not the first one alone. */

import { readConfig as readSettingsOfBus } from '../../service/config/config.ts'
import { ConfigError } from '../../service/config/config-error.ts'
import { nearest } from '../../service/config/nearest.ts'
import { BACKUP_SECRET_NAMES, SECRET_NAMES } from '../../service/config/secret-variables.ts'
import { shown } from '../../service/config/shown.ts'
import { unknownVariables } from '../../service/config/unknown.ts'
import { isPublic } from '../policy/rules.ts'
import { RESERVED_SETTINGS } from './docker-keys.ts'
import type { Key, Target } from './key.ts'
import { KEYS, type KeyName, type SecretKeyName, type Settings } from './keys.ts'

/** A stack's configuration under the bare names, and which of it is encrypted. */
export type Given = { values: Readonly<Record<string, string>>; isSecret: (name: string) => boolean }

export type Read = {
  values: Settings
  secrets: Partial<Record<SecretKeyName, string>>
  /** What works for a bus that has data, and keeps a new one from starting. */
  warnings: string[]
}

/** What is wrong with a configuration, a line each. */
export class InvalidConfiguration extends Error {
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(`The configuration of this stack cannot be used:\n${faults.map(fault => `  ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

type AnyKey = Key<unknown>
const ALL = Object.entries(KEYS) as [KeyName, AnyKey][]
const NAMES = ALL.map(([name]) => name)

/** @throws {InvalidConfiguration} with every fault; no value of a secret is in it */
export function readConfiguration(given: Given): Read {
  const faults = Object.keys(given.values)
    .filter(name => !(NAMES as string[]).includes(name))
    .map(unknown)
  const values: Record<string, unknown> = {}
  const secrets: Partial<Record<SecretKeyName, string>> = {}
  const target = targetOf(given)

  for (const [name, key] of ALL) {
    // An empty value counts as unset. A secret is handed on as it stands, spaces and all.
    const trimmed = given.values[name]?.trim() || undefined
    const text = key.secret && trimmed !== undefined ? given.values[name] : trimmed
    if (text === undefined) {
      if (key.neededBy?.includes(target)) {
        faults.push(`${name} is not set, and ${target} needs it: it takes ${key.takes}.`)
      }
      if (!key.secret) values[name] = key.default
      continue
    }
    const fault = key.secret ? faultOfSecret(name, key, text, given) : faultOf(name, key, text, given)
    if (fault !== undefined) faults.push(fault)
    else if (!key.targets.includes(target)) {
      faults.push(`${name} does nothing for the target ${target}: it is for ${key.targets.join(', ')}.`)
    }
    if (key.secret) secrets[name as SecretKeyName] = text
    else values[name] = key.parse(text) ?? key.default
  }
  faults.push(
    ...faultsOfSettings(values['settings'] as Record<string, string>),
    ...faultsOfHost(target, values),
    ...faultsOfPorts(values),
    ...faultsOfAddress(values),
    ...faultsOfProxies(given, values),
    ...faultsOfVolume(given, values),
  )
  if (faults.length > 0) throw new InvalidConfiguration(faults)
  return { values: values as Settings, secrets, warnings: shortSecretsIn(secrets, values) }
}

/** For the checks of the others; a target that is none is a fault by itself. */
function targetOf(given: Given): Target {
  return KEYS.target.parse(given.values['target']?.trim() ?? '') ?? KEYS.target.default
}

function unknown(name: string): string {
  const near = nearest(name, NAMES)
  return `${name} is not a key of this program.${near === undefined ? '' : ` Did you mean ${near}?`}`
}

function faultOf(name: string, key: AnyKey, text: string, given: Given): string | undefined {
  if (given.isSecret(name)) {
    return `${name} is encrypted, and would not stay so in what is made of it: set it without --secret.`
  }
  return key.parse(text) === undefined ? `${name} is ${shown(text)}: it takes ${key.takes}.` : undefined
}

function faultOfSecret(name: string, key: AnyKey, text: string, given: Given): string | undefined {
  if (!given.isSecret(name)) {
    return `${name} is in the stack file for all to read: take it out, make a new one, and set it by \`pulumi config set --secret ${name}\`.`
  }
  if (key.parse(text) !== undefined) return undefined
  return `${name} holds something else (${text.length} characters, not shown): it takes ${key.takes}.`
}

function shortSecretsIn(
  secrets: Partial<Record<SecretKeyName, string>>,
  { settings }: Record<string, unknown>,
): string[] {
  if (readSettingsOfBus(settings as Record<string, string>).values.BUS_ALLOW_SHORT_SECRETS) return []
  return (Object.keys(secrets) as SecretKeyName[]).flatMap(name => {
    const { least = 0 }: AnyKey = KEYS[name]
    return [...secrets[name]!].length >= least
      ? []
      : [
          `${name} is shorter than ${least} characters and could be guessed: a bus without data refuses to start with it. Set a longer one (openssl rand -hex 32), or BUS_ALLOW_SHORT_SECRETS in settings.`,
        ]
  })
}

/** The bus would say this at its start, and start again, and say it again. */
function faultsOfSettings(settings: Readonly<Record<string, string>>): string[] {
  const secret = [...SECRET_NAMES, ...BACKUP_SECRET_NAMES].filter(name => name in settings)
  if (secret.length > 0) {
    return secret.map(
      name => `settings has ${name}, which is a secret: the environment of a container is no place for it.`,
    )
  }
  const reserved = RESERVED_SETTINGS.filter(name => name in settings)
  if (reserved.length > 0) {
    return reserved.map(name => `settings has ${name}, which this program sets.`)
  }
  const unknown = unknownVariables(settings)
  if (unknown.length > 0) return unknown.map(line => `settings: ${line.replace(', and was ignored', '')}`)
  try {
    readSettingsOfBus(settings)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [`settings: ${error.message}`]
  }
}

function faultsOfHost(target: Target, values: Record<string, unknown>): string[] {
  const host = values['host'] as string
  if (target === 'ssh' && host.startsWith('unix:')) {
    return [`host is ${shown(host)}: the target ssh takes \`ssh://user@host\`.`]
  }
  if (target === 'local' && host.startsWith('ssh:')) {
    return [`host is ${shown(host)}: for a Docker behind SSH, set target to ssh.`]
  }
  return []
}

/** Docker would find out, when half of it is made. */
function faultsOfPorts(values: Record<string, unknown>): string[] {
  const monitoring = values['monitoring'] ? ['grafanaPort', 'prometheusPort', 'alertmanagerPort'] : []
  const https = values['domain'] ? ['httpPort', 'httpsPort'] : []
  const names = ['port', ...https, ...monitoring]
  return names.flatMap((name, at) => {
    const same = names.slice(0, at).find(other => values[other] === values[name])
    return same === undefined
      ? []
      : [`${name} is ${values[name]}, as ${same} is: each takes a port of its own.`]
  })
}

/** The rules would refuse the container, when what it depends on is made. */
function faultsOfAddress({ bindAddress, port }: Record<string, unknown>): string[] {
  if (!isPublic(bindAddress as string)) return []
  return [
    `bindAddress is ${shown(bindAddress as string)}, which opens port ${port} to everybody by plain HTTP: give a domain, and an address that is 127.0.0.1 or private.`,
  ]
}

/** Caddy tells the bus of those who speak to Caddy, and drops what they say of others. */
function faultsOfProxies(
  { values: given }: Given,
  { domain, trustProxy }: Record<string, unknown>,
): string[] {
  if (!domain || !given['trustProxy']?.trim() || trustProxy === 1) return []
  return [
    `trustProxy is ${trustProxy}: beside domain it is 1, for Caddy, which believes no other proxy. With proxies of your own, leave domain out.`,
  ]
}

/** A volume from before is read, and not made. */
function faultsOfVolume(
  { values: given }: Given,
  { volumeId, deleteData }: Record<string, unknown>,
): string[] {
  if (volumeId === '') return []
  const faults: string[] = []
  if (given['volumeSize']?.trim()) {
    faults.push('volumeSize does nothing beside volumeId: that volume has its size, and grows at Hetzner.')
  }
  if (deleteData) {
    faults.push(
      'deleteData does nothing for the volume of volumeId, which is never deleted. The one that this stack made would be, if another takes its place: take deleteData back first, by a `pulumi up` of its own.',
    )
  }
  return faults
}
