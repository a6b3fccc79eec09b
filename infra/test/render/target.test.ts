import { describe, expect, test } from 'vitest'
import { DEPLOYMENT } from '../../../ops/deployment.ts'
import { readsYaml, yamlFile } from '../../../ops/test/yaml-file.ts'
import { readConfig } from '../../../service/config/config.ts'
import { RenderService } from '../../render/render-service.ts'
import type { RenderServiceInputs } from '../../render/service-inputs.ts'
import { renderTarget } from '../../targets/render.ts'
import { configOf } from '../config-of.ts'
import { mocked } from '../mocked.ts'

const repo = 'https://github.com/you/intent-bus'
const render = (more: Record<string, string> = { repo }, secrets: Record<string, string> = {}) =>
  mocked({ target: 'render', workspace: 'tea-1', ...more }, secrets)
const service = async (...given: Parameters<typeof render>) => {
  const stack = await render(...given)
  const one = stack.one('bus')
  return { ...stack, one, inputs: one.inputs as unknown as RenderServiceInputs }
}

describe('the target render', () => {
  test('makes one service and nothing else', async () => {
    const { resources } = await service()
    const made = resources.filter(({ type }) => !type.startsWith('pulumi:'))
    expect(made.map(({ name }) => name)).toEqual(['bus'])
  })

  test.skipIf(!readsYaml)('makes what render.yaml describes (it takes python3-yaml)', async () => {
    type Variable = { key: string; value?: string; generateValue?: boolean }
    type Blueprint = {
      services: {
        plan: string
        healthCheckPath: string
        disk: { mountPath: string; sizeGB: number }
        envVars: Variable[]
      }[]
    }
    const [blueprint] = yamlFile<Blueprint>('render.yaml').services
    const { plan, healthCheckPath, disk, envVars } = blueprint!
    const { inputs } = await service()
    expect(inputs).toMatchObject({ plan, healthCheckPath })
    expect(inputs.disk).toMatchObject({ mountPath: disk.mountPath, sizeGB: disk.sizeGB })
    const plain = envVars.filter(({ generateValue }) => !generateValue).map(({ key, value }) => [key, value])
    expect(inputs.environment).toEqual(Object.fromEntries(plain))
    expect(inputs.generated).toEqual(
      envVars.filter(({ generateValue }) => generateValue).map(({ key }) => key),
    )
  })

  test('sets what the bus takes', async () => {
    const { inputs } = await service({ repo, settings: '{"BUS_LEASE_SECONDS": 90}' })
    const made = Object.fromEntries(inputs.generated.map(name => [name, 'made-by-render-and-long-enough']))
    const { values, warnings } = readConfig({ ...inputs.environment, ...made })
    expect(warnings).toEqual([])
    expect(values).toMatchObject({ BUS_LEASE_SECONDS: 90, BUS_TRUST_PROXY: 1, BUS_ENFORCE_HTTPS: true })
  })

  test('takes secrets of yours encrypted, and lets Render make the others', async () => {
    const { one, inputs } = await service({ repo }, { busSecret: 'a secret of mine, long enough' })
    expect(inputs.secretEnvironment).toEqual({ BUS_SECRET: 'a secret of mine, long enough' })
    expect(inputs.generated).toEqual(DEPLOYMENT.secrets.filter(name => name !== 'BUS_SECRET'))
    expect(one.secretInputs).toEqual(['secretEnvironment'])
    expect(one.options.additionalSecretOutputs).toEqual(['secretEnvironment'])
  })

  test('encrypts a secret that a program of yours hands over in plain', async () => {
    const { one } = await mocked({}, {}, () => {
      const of = { name: 'mine', ownerId: 'tea-1', source: { repo }, healthCheckPath: '/health/live' }
      const { url } = new RenderService('mine', { ...of, secretEnvironment: { BUS_SECRET: 'in plain' } })
      return { url }
    })
    expect(one('mine').secretInputs).toEqual(['secretEnvironment'])
  })

  test('says where the bus is, and where its secrets are read', async () => {
    const { outputs, secretOutputs } = await service()
    expect(outputs).toMatchObject({
      url: 'https://intent-bus.onrender.com',
      dashboard: 'https://dashboard.render.com/web/srv-1',
      secrets: 'https://dashboard.render.com/web/srv-1/env',
    })
    expect(secretOutputs).toEqual([])
  })

  test('has the key of the API in no resource', async () => {
    const { resources } = await service({ repo }, { renderApiKey: 'rnd_keepThisOne123' })
    expect(JSON.stringify(resources.map(({ inputs }) => inputs))).not.toContain('rnd_keepThisOne123')
  })

  test('pulls an image, or builds a branch at a commit', async () => {
    const image = `registry.example.com/you/intent-bus@sha256:${'ab'.repeat(32)}`
    expect((await service({ image, registryCredential: 'rgc-1' })).inputs.source).toEqual({
      image,
      registryCredentialId: 'rgc-1',
    })
    const commit = 'c0ffee'.padEnd(40, '0')
    expect((await service({ repo, branch: 'stable', commit })).inputs.source).toEqual({
      repo,
      branch: 'stable',
      commit,
    })
  })

  test.each([{}, { repo, image: `registry.example.com/bus@sha256:${'ab'.repeat(32)}` }])(
    'of %o has no source, or two',
    more => {
      const config = configOf({ target: 'render', workspace: 'tea-1', ...more })
      expect(() => renderTarget(config)).toThrow('set one of them, and not both')
    },
  )

  test('needs the workspace, and refuses what is not its own', () => {
    const wrong = { target: 'render', repo, domain: 'bus.example.com', diskSize: '7', region: 'mars' }
    expect(() => configOf(wrong)).toThrow(
      /domain does nothing for the target render[\s\S]*workspace is not set, and render needs it[\s\S]*region is "mars"[\s\S]*diskSize is "7": it takes 1, or a multiple of 5/,
    )
  })

  test('does not take its key from a file that all may read', () => {
    const key = 'rnd_inTheOpen123'
    const wrong = () => configOf({ target: 'render', workspace: 'tea-1', repo, renderApiKey: key })
    expect(wrong).toThrow('pulumi config set --secret renderApiKey')
    expect(wrong).not.toThrow(key)
  })
})
