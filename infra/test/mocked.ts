/** The program under Pulumi's mocks: what it would ask the engine for, with which options. */
import { join } from 'node:path'
import * as pulumi from '@pulumi/pulumi'
import { type Config, configOfStack, NAMESPACE } from '../config/of-stack.ts'
import { policy } from '../policy/enforce.ts'

export type Registered = {
  type: string
  name: string
  /** As the engine gets them, but for secrets, which are shown as they are. */
  inputs: Record<string, unknown>
  /** Those inputs that are encrypted in the state, because there is a secret in them. */
  secretInputs: string[]
  options: pulumi.CustomResourceOptions
}

export type Stack = {
  resources: Registered[]
  /** The one whose name ends so. @throws when there is not exactly one */
  one: (ending: string) => Registered
  outputs: Record<string, unknown>
  /** Outputs in which there is a secret. */
  secretOutputs: string[]
}

/** Of every machine that is made. */
export const HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA'

/** What providers add to what they are asked for. */
const MADE: Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>> = {
  'docker:index/remoteImage:RemoteImage': ({ name }) => ({ imageId: `sha256:of-${name}` }),
  'docker:index/container:Container': () => ({ exitCode: 0 }),
  'hcloud:index/server:Server': () => ({ id: '4711', ipv4Address: '203.0.113.7' }),
  'hcloud:index/volume:Volume': ({ location }) => ({ id: '815', location: location ?? 'hel1' }),
  'hcloud:index/firewall:Firewall': () => ({ id: '12' }),
  'hcloud:index/sshKey:SshKey': () => ({ id: '34' }),
  'pulumi-nodejs:dynamic/intent-bus:HostKey': () => ({ privateKey: 'a private key', publicKey: HOST_KEY }),
  'pulumi-nodejs:dynamic/intent-bus:DockerReady': () => ({ docker: '26.1.5' }),
  'pulumi-nodejs:dynamic/intent-bus:RenderService': ({ name }) => ({
    url: `https://${name}.onrender.com`,
    dashboardUrl: 'https://dashboard.render.com/web/srv-1',
  }),
}

/**
 * @param values keys of the configuration, without `intent-bus:`
 * @param secrets those that were set by `pulumi config set --secret`
 * @param program Default: the one that `pulumi up` runs.
 */
export async function mocked(
  values: Record<string, string>,
  secrets: Record<string, string> = {},
  program: (config: Config) => Record<string, unknown> | Promise<Record<string, unknown>> = deployed,
): Promise<Stack> {
  // Where `pulumi up` runs a program.
  process.chdir(join(import.meta.dirname, '..'))
  const resources: Registered[] = []
  let refuse: pulumi.ResourceTransform | undefined
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, id, inputs: given, custom = true }) => {
        const inputs = Object.fromEntries(
          Object.entries(given).map(([key, value]) => [key, withoutSecrets(value)]),
        )
        const secretInputs = Object.keys(given).filter(key => holdsSecret(given[key]))
        const registered = resources.find(each => each.type === type && each.name === name)
        if (registered !== undefined) Object.assign(registered, { inputs, secretInputs })
        // The mocks know no transforms, which the engine would call here.
        await refuse?.({ custom, type, name, props: given, opts: registered?.options ?? {} })
        const made: Record<string, unknown> = MADE[type]?.(inputs) ?? {}
        // One that is only looked up has its id already.
        return { id: id || `${made['id'] ?? `${name}-id`}`, state: { ...inputs, ...made } }
      },
      call: ({ inputs }) => inputs,
    },
    NAMESPACE,
    'test',
  )
  const all = Object.entries({ ...values, ...secrets }).map(([key, value]) => [`${NAMESPACE}:${key}`, value])
  pulumi.runtime.setAllConfig(
    Object.fromEntries(all),
    Object.keys(secrets).map(key => `${NAMESPACE}:${key}`),
  )

  let outputs: Record<string, unknown> = {}
  let refused: unknown
  const heard = hearOfRejections(error => {
    refused ??= error
  })
  await pulumi.runtime.runInPulumiStack(async () => {
    // Options are in no call of the mocks: this older form, which runs where a resource is made, still sees them.
    pulumi.runtime.registerStackTransformation(({ type, name, opts }) => {
      resources.push({ type, name, inputs: {}, secretInputs: [], options: opts })
      return undefined
    })
    try {
      const config = configOfStack()
      refuse = policy(config.deleteData)
      outputs = await program(config)
    } catch (error) {
      // Thrown in here it would reach whoever runs the tests, too.
      refused = error
    }
    return outputs
  })
  await answered()
  await heard()
  if (refused !== undefined) throw refused
  const secretOutputs: string[] = []
  const resolved: Record<string, unknown> = {}
  for (const [name, output] of Object.entries(outputs)) {
    // What the engine asks of an output is not in its types.
    const asked = pulumi.output(output) as unknown as {
      promise(): Promise<unknown>
      isSecret: Promise<boolean>
    }
    resolved[name] = await asked.promise()
    if (await asked.isSecret) secretOutputs.push(name)
  }
  return {
    resources,
    one: ending => {
      const [found, ...others] = resources.filter(each => each.name.endsWith(ending))
      if (found === undefined || others.length > 0) {
        throw new Error(`${1 + others.length} of ${resources.map(each => each.name)} end with ${ending}`)
      }
      return found
    },
    outputs: resolved,
    secretOutputs,
  }
}

async function deployed(config: Config) {
  const { deploy } = await import('../targets/deploy.ts')
  return deploy(config)
}

/** Until every resource that was asked for has its answer: the mocks of another program would not know it. */
const { waitForRPCs: answered } = pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> }

/** An input that cannot be had rejects a promise that nobody has: as in Pulumi's own runner, it ends the program. */
function hearOfRejections(hear: (error: unknown) => void): () => Promise<void> {
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', hear)
  return async () => {
    // They are told when a turn of the event loop is over.
    await new Promise(resolve => setImmediate(resolve))
    process.removeAllListeners('unhandledRejection')
    for (const other of others) process.on('unhandledRejection', other)
  }
}

/** How Pulumi marks a secret on its way to the engine. */
const SIGNATURE = '4dabf18193072939515e22adb298388d'
const SECRET = '1b47061264138c4ac30d75fd1eb44270'
const isSecret = (value: unknown): value is { value: unknown } =>
  typeof value === 'object' && value !== null && (value as Record<string, unknown>)[SIGNATURE] === SECRET

function holdsSecret(value: unknown): boolean {
  if (isSecret(value)) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsSecret)
}

function withoutSecrets(value: unknown): unknown {
  if (isSecret(value)) return withoutSecrets(value.value)
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner)]))
}
