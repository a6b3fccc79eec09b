/** Kinds of value that only a cloud asks for: networks of a firewall, sizes of a disk. */
import { isIP } from 'node:net'
import type { Variable } from '../../service/config/kinds.ts'

type Said<T> = { default: T; defaultText?: string; meaning: string }

/** Networks with commas between them and nothing else; an address is the network of itself. */
export function networks(said: Said<string>): Variable<string> {
  return {
    ...said,
    type: 'networks',
    takes: 'networks or addresses with commas between them, as `203.0.113.0/24, 2001:db8::1`',
    parse(text) {
      const given = text.split(',').map(each => networkOf(each.trim()))
      return given.every(each => each !== undefined) ? given.join(',') : undefined
    },
  }
}

/** @returns with its prefix, or `undefined` when it is none */
function networkOf(text: string): string | undefined {
  const [address = '', prefix, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return undefined
  const longest = family === 4 ? 32 : 128
  if (prefix === undefined) return `${address}/${longest}`
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest ? text : undefined
}

/** Gigabytes of a disk at Render, which come as 1 or in steps of 5. */
export function gigabytesOfDisk(said: Said<number>): Variable<number> {
  return {
    ...said,
    type: 'integer',
    takes: '1, or a multiple of 5 up to 1000',
    parse(text) {
      const size = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
      return size === 1 || (size >= 5 && size <= 1000 && size % 5 === 0) ? size : undefined
    },
  }
}
