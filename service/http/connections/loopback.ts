import { isIP } from 'node:net'

/** Whether an address is this machine's own, an IPv4 one in IPv6 notation included. */
export function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}
