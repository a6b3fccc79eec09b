/** Pulumi's mocks, which keep what a program has asked for. */
import * as pulumi from '@pulumi/pulumi'

export type Recorded = {
  type: string
  name: string
  inputs: Record<string, unknown>
  /** Names of inputs whose values are secret. */
  secrets: string[]
}

/** What a new resource has besides its inputs, by its type. */
const STATE: Record<string, object> = {
  'hcloud:index/server:Server': { ipv4Address: '203.0.113.7', ipv6Address: '2001:db8::1' },
  'hcloud:index/volume:Volume': { location: 'hel1' },
}
const IDS: Record<string, string> = {
  'hcloud:index/server:Server': '4711',
  'hcloud:index/volume:Volume': '815',
  'hcloud:index/firewall:Firewall': '12',
  'hcloud:index/sshKey:SshKey': '34',
}
const SECRET = '4dabf18193072939515e22adb298388d'
const MARK = '1b47061264138c4ac30d75fd1eb44270'

function unwrapped(value: unknown): { value: unknown; secret: boolean } {
  if (value !== null && typeof value === 'object' && (value as Record<string, unknown>)[SECRET] === MARK) {
    return { value: (value as { value: unknown }).value, secret: true }
  }
  return { value, secret: false }
}

/** Starts recording; resources of a dynamic provider are made with `dynamic`, by the last part of their type. */
export async function record(dynamic: Record<string, object> = {}): Promise<Recorded[]> {
  const recorded: Recorded[] = []
  await pulumi.runtime.setMocks({
    newResource({ type, name, id, inputs }) {
      const entries = Object.entries(inputs).map(([key, value]) => [key, unwrapped(value)] as const)
      const plain = Object.fromEntries(entries.map(([key, { value }]) => [key, value]))
      const secrets = entries.filter(([, { secret }]) => secret).map(([key]) => key)
      recorded.push({ type, name, inputs: plain, secrets })
      const made = dynamic[type.split(':').at(-1)!] ?? STATE[type] ?? {}
      return { id: id || IDS[type] || `${name}-id`, state: { ...plain, ...made } }
    },
    call: ({ inputs }) => inputs,
  })
  return recorded
}

/** The value of an output, known in mocks. */
export const known = <T>(output: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> =>
  new Promise(resolve => pulumi.output(output).apply(value => resolve(value)))
