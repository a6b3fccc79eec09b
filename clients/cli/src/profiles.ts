/**
 * The config file: `$XDG_CONFIG_HOME/intent-bus/config.json`, or the one that `INTENT_BUS_CONFIG` names.
 *
 * ```json
 * { "default": "home", "profiles": { "home": { "url": "https://bus.example.com", "key_file": "/home/ada/.bus-key" } } }
 * ```
 */
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeDurably } from '@intent-bus/service/files/durable'
import { Failure } from './failure.ts'
import { COMMAND } from './invocation.ts'

export type Profile = {
  url: string
  key?: string
  key_file?: string
  admin_token?: string
  admin_token_file?: string
  namespace?: string
  sign?: boolean
}
export type Profiles = { default?: string | undefined; profiles: Record<string, Profile> }

type Env = Readonly<Record<string, string | undefined>>

export function configPath(env: Env): string {
  if (env['INTENT_BUS_CONFIG']) return env['INTENT_BUS_CONFIG']
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'intent-bus', 'config.json')
}

/** @returns no profiles when there is no file @throws {Failure} when it is not what it should be */
export function readProfiles(env: Env): Profiles {
  const path = configPath(env)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { profiles: {} }
    throw new Failure(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  // Editors of Windows begin a file with a mark, and one that was cut off by a full disk is empty.
  const json = text.replace(/^\ufeff/, '')
  if (json.trim() === '') return { profiles: {} }
  try {
    return checked(JSON.parse(json))
  } catch (error) {
    throw new Failure(`${path}: ${(error as Error).message}`)
  }
}

/** @throws {Failure} when there is none of this name */
export function profileNamed(name: string, env: Env): Profile {
  const { profiles } = readProfiles(env)
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile !== undefined) return profile
  const known = Object.keys(profiles)
  const list = known.length === 0 ? 'There are none yet' : `There are: ${known.join(', ')}`
  throw new Failure(
    `There is no profile "${name}". ${list}.`,
    undefined,
    `Make one: ${COMMAND} profile add ${name} URL`,
  )
}

/** Between two looks whether another command is done with the file, in ms. */
const LOCKED_PAUSE_MS = 20
/** A change takes milliseconds. */
const LOCKED_TRIES = 150

/**
 * Reads, changes and writes, with no other command in between: the second of two does not undo the first.
 *
 * @param change throws to leave the file as it is
 * @throws {Failure} also when a command that was killed has left its lock
 */
export async function changeProfiles(env: Env, change: (profiles: Profiles) => void): Promise<void> {
  const unlock = await locked(configPath(env))
  try {
    const profiles = readProfiles(env)
    change(profiles)
    writeProfiles(profiles, env)
  } finally {
    unlock()
  }
}

/** @returns what unlocks it */
async function locked(path: string): Promise<() => void> {
  const lock = `${path}.lock`
  for (let tries = 1; ; tries++) {
    try {
      mkdirSync(dirname(lock), { recursive: true, mode: 0o700 })
      writeFileSync(lock, `${process.pid}\n`, { mode: 0o600, flag: 'wx' })
      return () => rmSync(lock, { force: true })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EEXIST') throw new Failure(`${path} cannot be written (${code}).`)
      if (tries === LOCKED_TRIES)
        throw new Failure(
          `Another intent-bus changes the profiles, or was killed while it did.`,
          undefined,
          `If none does: rm ${lock}`,
        )
      await sleep(LOCKED_PAUSE_MS)
    }
  }
}

/** Readable by its owner only, and there whole or not at all. */
function writeProfiles(profiles: Profiles, env: Env): void {
  let path = configPath(env)
  try {
    // Where it is a link, as those who keep such files elsewhere have it, what it leads to is written.
    path = existsSync(path) ? realpathSync(path) : path
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeDurably(path, `${JSON.stringify(profiles, null, 2)}\n`, `${path}.${process.pid}.new`)
  } catch (error) {
    throw new Failure(`${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`)
  }
}

const KINDS: Record<keyof Profile, string> = {
  url: 'string',
  key: 'string',
  key_file: 'string',
  admin_token: 'string',
  admin_token_file: 'string',
  namespace: 'string',
  sign: 'boolean',
}

function checked(read: unknown): Profiles {
  const { default: chosen, profiles } = objectOf(read, 'the file')
  if (chosen !== undefined && typeof chosen !== 'string')
    throw new Error('default takes the name of a profile.')
  for (const [name, profile] of Object.entries(objectOf(profiles, 'profiles'))) {
    const fields = objectOf(profile, `profiles.${name}`)
    if (fields['url'] === undefined) throw new Error(`profiles.${name} has no url.`)
    for (const [field, value] of Object.entries(fields)) {
      const kind = KINDS[field as keyof Profile]
      if (kind === undefined) {
        throw new Error(`profiles.${name} has a field "${field}"; it takes ${Object.keys(KINDS).join(', ')}.`)
      }
      // Not the value: it may be a key.
      if (typeof value !== kind)
        throw new Error(`profiles.${name}.${field} takes a ${kind}; it got a ${typeof value}.`)
    }
  }
  return read as Profiles
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new Error(`${what} takes an object.`)
}
