import type { IncomingHttpHeaders } from 'node:http'

/**
 * What the browser itself says about where a form came from. Our `no-referrer` policy makes a browser send
 * `Origin: null` for our own forms too, so `null` decides nothing.
 */
export function isSameOrigin(headers: IncomingHttpHeaders, host: string): boolean {
  const site = headers['sec-fetch-site']
  // No script can forge it, and it does not depend on what a proxy makes of the host.
  if (site !== undefined) return site === 'same-origin'
  const origin = headers.origin
  if (origin === undefined || origin === 'null') return true
  return URL.canParse(origin) && new URL(origin).host === host
}
