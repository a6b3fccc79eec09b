/**
 * What no resource may be, whoever's program it is in: each rule looks at one planned resource and says what is wrong with
 * it. They are asked before anything is created.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { isPinned } from '../config/kinds.ts'

/** In the place of an input that is not known before another resource exists: the rules are asked again when it is. */
export const TO_COME = Symbol('to come')

/** A resource as a program asks for it. */
export type Planned = {
  /** As `docker:index/container:Container`. */
  type: string
  name: string
  inputs: Readonly<Record<string, unknown>>
  options: { readonly protect?: boolean; readonly retainOnDelete?: boolean }
}

export type Rule = (planned: Planned) => string[]

const CONTAINER = 'docker:index/container:Container'
const VOLUME = 'docker:index/volume:Volume'
const IMAGE = 'docker:index/remoteImage:RemoteImage'

/** Loopback, private networks (RFC 1918, RFC 4193), link-local ones, and the shared range that Tailscale uses (RFC 6598). */
const CLOSED = new BlockList()
for (const [net, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  CLOSED.addSubnet(net, prefix, 'ipv4')
}
CLOSED.addAddress('::1', 'ipv6')
CLOSED.addSubnet('fc00::', 7, 'ipv6')
CLOSED.addSubnet('fe80::', 10, 'ipv6')

/** Whether an address can be reached from elsewhere than this host and its private networks. No address is all of them. */
export function isPublic(address: string): boolean {
  const bare = address.split('%', 1)[0]!
  if (isIPv4(bare)) return !CLOSED.check(bare, 'ipv4')
  if (isIPv6(bare)) return !CLOSED.check(bare, 'ipv6')
  return true
}

type Port = { internal?: unknown; external?: unknown; ip?: unknown; protocol?: unknown }

/** A port that everybody reaches is one of HTTPS, or the one that sends people on to it. */
const noPublicPortWithoutHttps: Rule = ({ type, name, inputs }) => {
  if (type !== CONTAINER) return []
  if (inputs['publishAllPorts'] === true) return [`${name} publishes all its ports, to everybody.`]
  if (inputs['networkMode'] === 'host') return [`${name} has the network of the host, and so all its ports.`]
  const ports = listOf<Port | typeof TO_COME>(inputs['ports']).filter(port => port !== TO_COME)
  const secure = ports.some(port => port.internal === 443)
  return ports
    .filter(port => port.ip !== TO_COME && isPublic(typeof port.ip === 'string' ? port.ip : ''))
    .filter(port => !(secure && (port.internal === 443 || port.internal === 80)))
    .map(
      port =>
        `${name} opens port ${port.external} to everybody (${port.ip ?? 'all addresses'}) by plain HTTP: give a domain, or bind it to 127.0.0.1 or to a private address.`,
    )
}

/** A container says by number as whom it runs. */
const noRootContainer: Rule = ({ type, name, inputs }) => {
  if (type !== CONTAINER) return []
  const { user, privileged } = inputs
  const faults: string[] = []
  if (user !== TO_COME) {
    if (typeof user !== 'string' || !/^\d+(:\d+)?$/.test(user)) {
      faults.push(
        `${name} does not say by number as whom it runs, and its image may be root's: set user, as 65532:65532.`,
      )
    } else if (Number(user.split(':')[0]) === 0) {
      faults.push(`${name} runs as root: set user to a number that is not 0.`)
    }
  }
  if (privileged === true) faults.push(`${name} is privileged, which is root on the host.`)
  return faults
}

/** @param deleteData what the configuration says: then they may go */
const noUnprotectedVolume =
  (deleteData: boolean): Rule =>
  ({ type, name, options }) =>
    type === VOLUME && !deleteData && options.retainOnDelete !== true && options.protect !== true
      ? [
          `${name} would be deleted with its data: set retainOnDelete or protect, or deleteData to say that it may be.`,
        ]
      : []

/** A word in the name of a variable whose value nobody else should see; a file's path is none. */
const SECRET = /SECRET|PASSWORD|PASSPHRASE|TOKEN|PRIVATE_KEY|ACCESS_KEY|API_KEY/
const FILE = /_FILE$/

/** `docker inspect` shows an environment to all who may ask it, and the state keeps it. */
const noSecretInTheEnvironment: Rule = ({ type, name, inputs }) => {
  if (type !== CONTAINER) return []
  return listOf<unknown>(inputs['envs'])
    .map(line => (typeof line === 'string' ? line.slice(0, line.indexOf('=')) : ''))
    .filter(variable => SECRET.test(variable) && !FILE.test(variable))
    .map(variable => `${name} has ${variable} in its environment: a secret belongs in a file.`)
}

/** An image that changes under its name makes of the same program another bus. */
const noUnpinnedImage: Rule = ({ type, name, inputs }) => {
  if (type !== IMAGE || typeof inputs['name'] !== 'string' || isPinned(inputs['name'])) return []
  return [
    `${name} is ${inputs['name']}, which changes under its name: take one with a digest, or a tag that is not latest.`,
  ]
}

export const rules = (deleteData: boolean): Rule[] => [
  noPublicPortWithoutHttps,
  noRootContainer,
  noUnprotectedVolume(deleteData),
  noSecretInTheEnvironment,
  noUnpinnedImage,
]

const listOf = <T>(value: unknown): T[] => (Array.isArray(value) ? value : [])
