/** Kinds of value that only a deployment has: sizes, addresses of Docker, images, settings of the bus. */
import { isIP } from 'node:net'
import { isAbsolute } from 'node:path'
import type { Variable } from '../../service/config/kinds.ts'

type Said<T> = { default: T; defaultText?: string; meaning: string }

/** Mebibytes, as Docker counts them. */
export function mebibytes(said: Said<string> & { min: number; max: number }): Variable<string> {
  const { min, max, ...rest } = said
  return {
    ...rest,
    type: 'size',
    takes: `memory with M or G behind it (\`512M\`, \`2G\`), from ${min}M to ${max / 1024}G`,
    parse(text) {
      const size = mebibytesOf(text)
      return size !== undefined && size >= min && size <= max ? text.toUpperCase() : undefined
    },
  }
}

/** @returns mebibytes, or `undefined` when it is no size: `512M`, `2G` */
export function mebibytesOf(text: string): number | undefined {
  const match = /^(\d{1,9})([MG])$/i.exec(text)
  if (match === null) return undefined
  return Number(match[1]) * (match[2]!.toUpperCase() === 'G' ? 1024 : 1)
}

export function cores(said: Said<string>): Variable<string> {
  return {
    ...said,
    type: 'number',
    takes: 'cores, as `0.5` or `2`, from 0.1 to 256',
    parse: text =>
      /^\d{1,3}(\.\d{1,3})?$/.test(text) && Number(text) >= 0.1 && Number(text) <= 256 ? text : undefined,
  }
}

export function ipAddress(said: Said<string>): Variable<string> {
  return {
    ...said,
    type: 'address',
    takes: 'an IP address that the host has, without a port',
    parse: text => (isIP(text) === 0 ? undefined : text),
  }
}

/** A fully qualified name in DNS, as a certificate is made for. */
export function domain(said: Said<string>): Variable<string> {
  return {
    ...said,
    type: 'name',
    takes: 'a name that DNS knows, as `bus.example.com`, without https:// and without a port',
    parse: text =>
      text.length <= 253 && /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z][a-z\d-]{0,61}[a-z\d]$/i.test(text)
        ? text.toLowerCase()
        : undefined,
  }
}

/** Where a Docker answers. */
export function dockerHost(said: Said<string>): Variable<string> {
  return {
    ...said,
    type: 'address',
    takes: '`ssh://user@host` with `:port` behind it if it is not 22, or `unix:///path` of a socket here',
    parse(text) {
      const ssh = /^ssh:\/\/[A-Za-z_][\w.-]*@(?:[A-Za-z\d.-]+|\[[\da-fA-F:]+\])(?::\d{1,5})?$/
      // A port beyond 65535 is none to a URL.
      const known = (ssh.test(text) && URL.canParse(text)) || /^unix:\/\/\/[^\s\0]+$/.test(text)
      return known ? text : undefined
    },
  }
}

/** The path of a file on the machine where `pulumi` runs. `~/` is the home directory. */
export function localPath(said: Said<string>): Variable<string> {
  return {
    ...said,
    type: 'path',
    takes: 'the path of a file here, from / or ~/ on',
    parse: text => (!/[\0\n"]/.test(text) && (isAbsolute(text) || text.startsWith('~/')) ? text : undefined),
  }
}

/** An image that does not change under its name. */
export function image(said: Said<string>): Variable<string> {
  return {
    ...said,
    type: 'image',
    takes: 'the name of an image with a digest (`NAME@sha256:…`) or a tag of its own, which is not `latest`',
    parse: text => (isPinned(text) ? text : undefined),
  }
}

/** Whether an image's name says which one it is: by a digest, or by a tag other than `latest`. */
export function isPinned(name: string): boolean {
  const match = /^[a-z\d][\w./-]*(?::\d+\/[\w./-]+)?(?::([\w][\w.-]{0,127}))?(@sha256:[\da-f]{64})?$/.exec(
    name,
  )
  if (match === null) return false
  const [, tag, digest] = match
  return digest !== undefined || (tag !== undefined && tag !== 'latest')
}

/** Settings of the bus by their names. Which values each takes is looked at by the bus's own reader. */
export function settings(said: Said<Record<string, string>>): Variable<Record<string, string>> {
  return {
    ...said,
    type: 'object',
    takes: 'settings of the bus, each with one value: `{"BUS_LEASE_SECONDS": 120}`',
    parse(text) {
      const given = parsed(text)
      if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined
      const entries = Object.entries(given)
      if (entries.some(([, value]) => !['string', 'number', 'boolean'].includes(typeof value))) {
        return undefined
      }
      return Object.fromEntries(entries.map(([name, value]) => [name, `${value}`]))
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
