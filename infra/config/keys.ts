/** Every key of the configuration, `intent-bus:KEY` in a stack file. The reader and the docs table read this. */
import { fileURLToPath } from 'node:url'
import { readAddress } from '../../ops/address/address.ts'
import { choice, pattern } from '../../service/config/kinds.ts'
import { DOCKER_KEYS } from './docker-keys.ts'
import { HETZNER_KEYS } from './hetzner-keys.ts'
import { type Key, key, TARGETS } from './key.ts'
import { image, settings } from './kinds.ts'
import { RENDER_KEYS } from './render-keys.ts'

const address = readAddress(fileURLToPath(new URL('../..', import.meta.url)))

export const KEYS = {
  target: key(
    choice({
      of: TARGETS,
      default: 'local',
      meaning: 'Where the bus is to run. A stack stays with its target.',
    }),
    { targets: TARGETS, example: 'ssh' },
  ),
  name: key(
    pattern({
      default: 'intent-bus',
      pattern: /^[a-z][a-z\d-]{0,38}[a-z\d]$/,
      takes: '2 to 40 of a-z 0-9 -, a letter first and no - last',
      meaning:
        'What containers, volumes and machines are called, or begin with. Volumes keep the name that they were made with.',
    }),
    { targets: TARGETS, example: 'intent-bus' },
  ),
  image: key(
    image({
      default: '',
      defaultText: 'built from this clone',
      meaning: 'An image of the bus in a registry. One with a digest stays what it is.',
    }),
    { targets: TARGETS, example: `${address.image || 'registry.example.com/intent-bus'}@sha256:…` },
  ),
  settings: key(
    settings({
      default: {},
      defaultText: 'none',
      meaning: '[Settings of the bus](../configuration.md), but no secret.',
    }),
    { targets: TARGETS, example: '{ BUS_LEASE_SECONDS: "120" }' },
  ),
  ...DOCKER_KEYS,
  ...HETZNER_KEYS,
  ...RENDER_KEYS,
} as const satisfies Record<string, Key<never> | Key<unknown>>

export type KeyName = keyof typeof KEYS
export type SecretKeyName = {
  [Name in KeyName]: (typeof KEYS)[Name] extends { secret: true } ? Name : never
}[KeyName]
type PlainKeyName = Exclude<KeyName, SecretKeyName>

/** What each key that is no secret holds, its default included. */
export type Settings = {
  [Name in PlainKeyName]: (typeof KEYS)[Name] extends Key<infer T> ? T : never
}
