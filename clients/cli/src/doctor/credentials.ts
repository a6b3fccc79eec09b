/** Whether the bus takes the key, a signature made with it, and the admin token. */
import { type BusError, IntentBus } from '@intent-bus/client/index'
import { EXIT } from '../exit-codes.ts'
import { exitOf, isOf, wayOutOf, wrongAdminToken, wrongKey } from '../failure.ts'
import { plain } from '../output.ts'
import type { Settings } from '../settings.ts'
import { type Finding, failed, LOOK_SECONDS } from './finding.ts'

const NO_INTENT = '0'.repeat(32)

export async function credentials(settings: Settings): Promise<Finding[]> {
  const { key } = settings
  const signature = 'signature'
  if (key === undefined) return [skipped('key', 'there is none'), ...(await adminFindings(settings))]
  const asked = await admission(settings, settings.sign)
  const findings = [keyFinding(settings, asked)]
  if (asked !== 'admitted' && !isOf(asked, 'invalid_signature')) {
    findings.push(skipped(signature, 'not looked at, as the key is not let in'))
  } else {
    const signed = settings.sign ? asked : await admission(settings, true)
    findings.push(
      signed === 'admitted'
        ? { check: signature, state: 'ok', detail: 'signed requests are accepted' }
        : refused(signature, signed, 'Look at the clock, and at proxies that rewrite paths.'),
    )
  }
  return [...findings, ...(await adminFindings(settings))]
}

/** Asks for an intent that cannot be: whoever is let in is told that there is none. */
async function admission({ url, key }: Settings, sign: boolean): Promise<'admitted' | Error> {
  try {
    await new IntentBus({ url, key, sign, retries: 0, timeout: LOOK_SECONDS }).status(NO_INTENT)
    return new Error('an intent that cannot be was found: this is no bus')
  } catch (error) {
    return isOf(error, 'not_found') ? 'admitted' : (error as Error)
  }
}

function keyFinding({ key = '', sign, origins }: Settings, asked: 'admitted' | Error): Finding {
  if (asked === 'admitted') {
    const whose = key.startsWith('tk_') ? 'an issued key' : 'not an issued key: the master key, then'
    return { check: 'key', state: 'ok', detail: `it is good (${whose})` }
  }
  if (isOf(asked, 'invalid_signature') && sign) {
    return { check: 'key', state: 'ok', detail: 'the bus knows it' }
  }
  const cure = isOf(asked, 'unauthorized') ? wrongKey(origins) : wayOutOf(asked)
  return refused('key', asked, cure ?? 'Look into the log of the bus.')
}

/** With the token, what the bus says to admins alone: which of its secrets can be guessed. */
export async function adminFindings({ url, adminToken, origins }: Settings): Promise<Finding[]> {
  const check = 'admin token'
  if (adminToken === undefined) {
    return [skipped(check, 'there is none; dead, keys and watch need one (BUS_ADMIN_TOKEN)')]
  }
  try {
    const bus = new IntentBus({ url, adminToken, retries: 0, timeout: LOOK_SECONDS })
    // An older bus does not say.
    const { shortSecrets = [] } = await bus.admin.overview()
    return [{ check, state: 'ok', detail: 'it is good' }, ...shortSecrets.map(shortSecretFinding)]
  } catch (error) {
    return [refused(check, error as Error, wrongAdminToken(origins))]
  }
}

const shortSecretFinding = (name: string): Finding => ({
  check: 'secrets',
  state: 'warning',
  detail: `${plain(name)} of the bus is short enough to be guessed`,
  cure: 'Set a longer one and restart the bus: openssl rand -hex 32 (SECURITY.md)',
})

function refused(check: string, error: Error, usualCure: string): Finding {
  if (isOf(error, 'rate_limited')) {
    const seconds = (error as BusError).retryAfter
    const wait = seconds === undefined || /\b\d{1,9} s\./.test(error.message) ? '' : `Wait ${seconds} s. `
    const cure = `${wait}Whatever else calls with the same key or from here counts, too.`
    // The key may be a good one: the bus did not look.
    return { ...failed(check, error, cure, EXIT.refused), state: 'warning' }
  }
  return failed(check, error, usualCure, exitOf(error))
}

export const skipped = (check: string, detail: string): Finding => ({ check, state: 'skipped', detail })
