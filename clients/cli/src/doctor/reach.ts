/** Whether a bus answers at the address, and if not, whether one does at an address that was probably meant. */
import { BusError, IntentBus, UnexpectedAnswerError } from '@intent-bus/client/index'
import { EXIT } from '../exit-codes.ts'
import { whereFrom, whoElse } from '../failure.ts'
import { isLoopback } from '../loopback.ts'
import { plain, span } from '../output.ts'
import type { Settings } from '../settings.ts'
import { type Finding, failed, LOOK_SECONDS } from './finding.ts'

/** What the bus takes between two clocks, for signed requests. */
const SIGNATURE_WINDOW_S = 300
const NOTABLE_SKEW_S = 5

const lookAt = (url: string) => new IntentBus({ url, retries: 0, timeout: LOOK_SECONDS }).health()

export async function reach(settings: Settings): Promise<{ isThere: boolean; findings: Finding[] }> {
  const sentAt = Date.now() / 1000
  try {
    const { version, ts } = await lookAt(settings.url)
    const receivedAt = Date.now() / 1000
    const took = Math.round((receivedAt - sentAt) * 1000)
    const reached: Finding = {
      check: 'reachable',
      state: 'ok',
      detail: `version ${plain(version)}, answered in ${took} ms`,
    }
    return { isThere: true, findings: [reached, clockFinding(ts - (sentAt + receivedAt) / 2)] }
  } catch (error) {
    const cure = (await cureOf(error, settings.url)) ?? usualCure(error, settings)
    return { isThere: false, findings: [failed('reachable', error, cure, EXIT.unreachable)] }
  }
}

function usualCure(error: unknown, { url, origins }: Settings): string {
  if (error instanceof UnexpectedAnswerError) return `${whereFrom(origins)}${whoElse(url)}`
  if (origins.none !== undefined) return origins.none
  const asked = `${whereFrom(origins)}Is the bus running there?`
  if (isLoopback(url)) return `${asked} Which address does npm start print? Try: curl ${healthOf(url)}`
  return `${asked} On its machine, try: curl ${healthThere(url)}. Then look at address, port, proxy, firewall.`
}

const healthOf = (url: string): string => `${url.replace(/(?<!\/)\/+$/, '')}/health`

/** As the machine of the bus reaches it. Behind a proxy, its port is another one. */
function healthThere(url: string): string {
  const { protocol, port } = new URL(url)
  return protocol === 'http:'
    ? healthOf(`http://localhost:${port || '80'}`)
    : 'ADDRESS/health, with the address that the bus printed when it started'
}

/** @returns `undefined` when nothing is known that would help */
async function cureOf(error: unknown, url: string): Promise<string | undefined> {
  if (isOfCertificate(error)) {
    return 'Something speaks TLS there, with a certificate that this machine does not trust. For an authority of your own: NODE_EXTRA_CA_CERTS=/path/to/ca.pem. And is the name in the address one of the certificate’s?'
  }
  const { protocol, origin, pathname } = new URL(url)
  const other = protocol === 'https:' ? url.replace(/^https:/i, 'http:') : url.replace(/^http:/i, 'https:')
  const [otherScheme, root] = await Promise.all([isBus(other), pathname === '/' ? false : isBus(origin)])
  if (otherScheme) {
    return protocol === 'https:'
      ? `It speaks no TLS there: use ${other}`
      : `It speaks TLS there: use ${other}`
  }
  return root ? `A bus answers without the path ${pathname}: use ${origin}` : undefined
}

/** Asks without any key. One whose certificate is not trusted still speaks TLS. */
async function isBus(url: string): Promise<boolean> {
  try {
    await lookAt(url)
    return true
  } catch (error) {
    return isOfCertificate(error) || (error instanceof BusError && error.status >= 500)
  }
}

/** By the codes that OpenSSL and Node give. */
function isOfCertificate(error: unknown): boolean {
  const code = (error as { cause?: { cause?: { code?: unknown } } }).cause?.cause?.code
  return typeof code === 'string' && /CERT|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)/.test(code)
}

function clockFinding(ahead: number): Finding {
  const off = Math.abs(ahead)
  const detail =
    off < 1
      ? 'the same as the bus’s, to a second'
      : `the bus’s is ${span(off)} ${ahead > 0 ? 'ahead' : 'behind'}`
  const cure = 'Set the clock of the machine that is wrong: `timedatectl set-ntp true`, or ntpd.'
  if (off > SIGNATURE_WINDOW_S) {
    return {
      check: 'clock',
      state: 'failed',
      detail: `${detail}: signed requests are refused beyond ${SIGNATURE_WINDOW_S} s`,
      cure,
    }
  }
  return off > NOTABLE_SKEW_S
    ? { check: 'clock', state: 'warning', detail, cure }
    : { check: 'clock', state: 'ok', detail }
}
