/** The pages on the clouds speak of outputs, settings and files that there are. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readPage } from '../../docs/pages.ts'
import { unknownVariables } from '../../service/config/unknown.ts'
import { root } from '../../service/test/support/root.ts'
import type { Key } from '../config/key.ts'
import { KEYS } from '../config/keys.ts'
import { mocked } from './mocked.ts'

const folder = mkdtempSync(join(tmpdir(), 'bus-pages-'))
const sshKey = join(folder, 'id')
writeFileSync(`${sshKey}.pub`, 'ssh-ed25519 AAAA me\n')
afterAll(() => rmSync(folder, { recursive: true }))

const TARGETS = [
  ['vps', 'hetzner', { sshKey }],
  ['render', 'render', { workspace: 'tea-1', repo: 'https://github.com/you/intent-bus' }],
] as const

test.each(TARGETS)('docs/deploy/%s.md reads what the target %s says', async (page, target, settings) => {
  const text = readPage(`deploy/${page}.md`)
  const { outputs } = await mocked({ target, ...settings })
  const asked = [...text.matchAll(/pulumi stack output (\w+)/g)].map(match => match[1]!)
  expect(asked.length).toBeGreaterThan(1)
  expect(asked.filter(name => outputs[name] === undefined)).toEqual([])
})

test.each(TARGETS)('docs/deploy/%s.md speaks of settings of %s alone', (page, target) => {
  const text = readPage(`deploy/${page}.md`)
  const set = [...text.matchAll(/pulumi config set (?:--secret |--path )?(\w+)(?!:)\b/g)].map(
    match => match[1]!,
  )
  const named = [...text.matchAll(/`([a-z]+[A-Z]\w+)`/g)].map(match => match[1]!)
  const keys = KEYS as Record<string, Key<unknown>>
  const strange = [...set, ...named].filter(
    name => name !== 'hcloud' && !keys[name]?.targets.includes(target),
  )
  expect(strange).toEqual([])
  const settings = [...text.matchAll(/settings\.(BUS_\w+)/g)].map(match => match[1]!)
  expect(unknownVariables(Object.fromEntries(settings.map(name => [name, '1'])))).toEqual([])
  expect(named.length).toBeGreaterThan(0)
})

test.each(TARGETS)('docs/deploy/%s.md names files that are there', page => {
  const text = readPage(`deploy/${page}.md`)
  const named = [...text.matchAll(/`(infra\/[\w./-]+)`/g)].map(match => match[1]!)
  const copied = [...text.matchAll(/^cp (examples\/\S+)/gm)].map(match => `infra/${match[1]}`)
  expect(copied).toHaveLength(1)
  expect([...named, ...copied].filter(file => !existsSync(join(root, file)))).toEqual([])
})
