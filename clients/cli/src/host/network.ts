import { createServer } from 'node:net'
import type { Finding } from '../doctor/finding.ts'
import { EXIT } from '../exit-codes.ts'
import { passProxyBy } from '../proxy.ts'
import type { Host } from './host.ts'

export type PortLook = {
  finding: Finding
  isBus: boolean
  /** What it says the time is, in ms. */
  busTime: number | null
}

/** Whether the port is free, a bus's, or somebody else's. */
export async function portFinding({ address, port }: Host): Promise<PortLook> {
  const check = 'port'
  const nobody = { isBus: false, busTime: null }
  if (port === null) return { ...nobody, finding: { check, state: 'skipped', detail: 'any free one' } }
  const where = `${address}:${port}`
  const fault = await listening(address, port)
  if (fault === null) return { ...nobody, finding: { check, state: 'ok', detail: `${where} is free` } }
  if (fault === 'EADDRINUSE') {
    const bus = await busAt(address, port)
    if (bus !== null) {
      const detail = `${where} is held by a bus, version ${bus.version}`
      return { isBus: true, busTime: bus.ts * 1000, finding: { check, state: 'ok', detail } }
    }
  }
  const [detail, cure] = FAULTS[fault] ?? [`cannot be listened on (${fault})`, 'Set HOST and PORT to others.']
  return {
    ...nobody,
    finding: { check, state: 'failed', detail: `${where} ${detail}`, cure, exit: EXIT.failed },
  }
}

const FAULTS: Record<string, [detail: string, cure: string]> = {
  EADDRINUSE: [
    'is held by something that is no bus',
    'Find it: ss -ltnp. Stop it, or set PORT to another one.',
  ],
  EACCES: ['is not for this user', 'Take a PORT from 1024 up, and put a proxy in front.'],
  EADDRNOTAVAIL: ['is no address of this machine', 'Set HOST to one that ip addr shows, or 127.0.0.1.'],
  ENOTFOUND: ['has no such name', 'Set HOST to an address of this machine.'],
}

/** @returns the code of what was against it, or `null` */
function listening(host: string, port: number): Promise<string | null> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'unknown error'))
    server.listen({ host, port }, () => server.close(() => resolve(null)))
  })
}

async function busAt(address: string, port: number): Promise<{ ts: number; version: string } | null> {
  try {
    const url = urlOf(address, port)
    passProxyBy(url)
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(3000) })
    const { ok, ts, version } = (await response.json()) as { ok: unknown; ts: unknown; version: unknown }
    return ok === true && typeof ts === 'number' && typeof version === 'string' ? { ts, version } : null
  } catch {
    return null
  }
}

/** Of a bus that listens on this address, from this machine. */
export function urlOf(address: string, port: number): string {
  const reachable = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

export function exposureFinding({ address, config }: Host): Finding {
  const check = 'exposure'
  const { BUS_ENFORCE_HTTPS, BUS_TRUST_PROXY } = config.values
  if (address === 'localhost' || address === '::1' || address.startsWith('127.')) {
    return { check, state: 'ok', detail: 'it listens to this machine alone' }
  }
  const open = `it listens on ${address}`
  if (BUS_ENFORCE_HTTPS && BUS_TRUST_PROXY > 0)
    return { check, state: 'ok', detail: `${open}, and takes HTTPS only` }
  const cure =
    'Put TLS in front and set HOST=127.0.0.1, or BUS_ENFORCE_HTTPS=true with BUS_TRUST_PROXY=1 (SECURITY.md).'
  return {
    check,
    state: 'warning',
    detail: `${open}, and takes plain HTTP: keys may go over the network in the clear`,
    cure,
  }
}
