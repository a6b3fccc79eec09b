import rateLimit from '@fastify/rate-limit'

/** Bits of an IPv6 address that a provider gives to one customer at the most (RFC 6177). */
const SITE_BITS = 48

/** One IPv6 subscriber has a whole /64 to come from; and some proxies add the port, which is another one each time. */
export const addressGroup = (address: string): string => rateLimit.normalizeIP(bare(address))

/** All the networks that one IPv6 customer may have, or `null` for an address that has no wider one. */
export function siteOf(address: string): string | null {
  const plain = bare(address)
  return plain.includes(':') && !plain.startsWith('::ffff:')
    ? `${rateLimit.normalizeIP(plain, SITE_BITS)}/${SITE_BITS}`
    : null
}

function bare(address: string): string {
  const withPort = /^(\d+(?:\.\d+){3}):\d+$|^\[([^\]]+)\](?::\d+)?$/.exec(address)
  return withPort?.[1] ?? withPort?.[2] ?? address
}
