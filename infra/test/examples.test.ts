/** The example stack files, and the pages of docs/deploy: what they set is what the program takes. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readPage } from '../../docs/pages.ts'
import { readsYaml, yamlFile } from '../../ops/test/yaml-file.ts'
import { root } from '../../service/test/support/root.ts'
import type { Key } from '../config/key.ts'
import { KEYS } from '../config/keys.ts'
import { readConfiguration } from '../config/read.ts'

const run = promisify(execFile)
const examples = readdirSync(join(root, 'infra/examples'))

describe.skipIf(!readsYaml)('an example stack file (it takes python3-yaml)', () => {
  test.each(examples)('%s is taken as it is', file => {
    const { config } = yamlFile<{ config: Record<string, unknown> }>(`infra/examples/${file}`)
    const values = Object.entries(config).map(([key, value]) => {
      const [namespace, name] = key.split(':') as [string, string]
      expect(namespace).toBe('intent-bus')
      // As Pulumi hands them to a program.
      return [name, typeof value === 'string' ? value : JSON.stringify(value)] as const
    })
    const encrypted = Object.keys(config).filter(
      key => typeof config[key] === 'object' && 'secure' in config[key]!,
    )
    const isSecret = (name: string) => encrypted.includes(`intent-bus:${name}`)
    const read = readConfiguration({ values: Object.fromEntries(values), isSecret })
    expect(file).toBe(`Pulumi.${read.values.target}.yaml`)
  })
})

const pages = readdirSync(join(root, 'docs/deploy')).filter(name => name.endsWith('.md'))

test.each(pages)('what docs/deploy/%s sets is taken', page => {
  const text = readPage(`deploy/${page}`)
  const set = [...text.matchAll(/pulumi config set (--secret |--path )?([\w.:]+)(?: ([^\s`]+))?/g)]
  for (const [line, option = '', path = '', value] of set) {
    // A provider's own.
    if (path === 'hcloud:token') continue
    const [name = ''] = path.split('.')
    const key = (KEYS as Record<string, Key<unknown>>)[name]
    expect(key, line).toBeDefined()
    expect(key!.secret === true, line).toBe(option === '--secret ')
    if (value === undefined || value.includes('…')) continue
    const given = path === name ? value : JSON.stringify({ [path.slice(name.length + 1)]: value })
    expect(key!.parse(given), line).toBeDefined()
  }
})

describe('the program of docs/deploy/component.md', () => {
  const [, program] = /^```ts\n\/\/ index\.ts\n(.*?)^```$/ms.exec(readPage('deploy/component.md'))!

  /** Where a reader would have it: with the clone in a directory of it. */
  function place(): string {
    const dir = mkdtempSync(join(tmpdir(), 'bus-component-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    symlinkSync(root, join(dir, 'intent-bus'))
    symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
    writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(dir, 'index.ts'), program!)
    return dir
  }

  test('has types that fit', async () => {
    const dir = place()
    writeFileSync(
      join(dir, 'tsconfig.json'),
      '{ "extends": "./intent-bus/tsconfig.json", "include": ["index.ts"] }',
    )
    await expect(run(join(root, 'node_modules/.bin/tsc'), ['--noEmit'], { cwd: dir })).resolves.toMatchObject(
      {
        stdout: '',
      },
    )
  })

  test('asks for the bus that it says', async () => {
    const dir = place()
    writeFileSync(join(dir, 'mocks.ts'), MOCKS)
    const { stdout } = await run(process.execPath, ['mocks.ts'], { cwd: dir })
    const { containers, url } = JSON.parse(stdout)
    expect(url).toBe('https://bus.example.com')
    expect(Object.keys(containers).sort()).toEqual([
      // Pulumi completes it with something random.
      'bus-given-secrets',
      'jobs-alertmanager',
      'jobs-bus',
      'jobs-caddy',
      'jobs-grafana',
      'jobs-prometheus',
      expect.stringMatching(/^jobs-secrets-[\da-f]{12}$/),
    ])
    expect(containers['jobs-bus']).toMatchObject({ memory: 1024 })
    expect(containers['jobs-bus'].envs).toContain('BUS_LEASE_SECONDS=120')
    expect(containers['jobs-bus'].envs).toContain('BUS_TRUST_PROXY=1')
  })
})

/** In place of the engine. */
const MOCKS = `
import * as pulumi from '@pulumi/pulumi'
const containers: Record<string, unknown> = {}
await pulumi.runtime.setMocks({
  call: ({ inputs }) => inputs,
  newResource: ({ name, type, inputs }) => {
    if (type === 'docker:index/container:Container') containers[inputs.name ?? name] = inputs
    return { id: name, state: { ...inputs, imageId: 'sha256:1' } }
  },
}, 'mine')
// The mocks say that they support transforms, and have none.
Object.assign(pulumi.runtime.getMonitor()!, {
  registerStackTransform: (_: unknown, done: (error: null, answer: object) => void) => done(null, {}),
})
pulumi.runtime.setAllConfig({ 'mine:busSecret': 'a-secret-of-my-own' }, ['mine:busSecret'])
let url: unknown
await pulumi.runtime.runInPulumiStack(async () => {
  const program = await import('./index.ts')
  url = await new Promise(resolve => program.url.apply(resolve))
  return {}
})
await (pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> }).waitForRPCs()
console.log(JSON.stringify({ containers, url }))
`
