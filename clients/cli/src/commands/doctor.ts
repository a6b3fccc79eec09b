import { statSync } from 'node:fs'
import { BusError, IntentBus, IntentBusError } from '../../../typescript/src/index.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { plain, span, styled } from '../output.ts'
import { configPath } from '../profiles.ts'
import { connect, type Program, type Session } from '../program.ts'
import type { Settings } from '../settings.ts'

type Finding = {
  check: string
  /** `skipped`: there was nothing to look at. */
  state: 'ok' | 'warning' | 'failed' | 'skipped'
  detail: string
  cure?: string
  exit?: ExitCode
}

/** What the bus takes between two clocks, for signed requests. */
const SIGNATURE_WINDOW_S = 300
const NOTABLE_SKEW_S = 5
const NO_INTENT = '0'.repeat(32)

export function addDoctor(program: Program): void {
  program
    .command('doctor')
    .summary('find out why it does not work')
    .description(
      'Looks step by step: settings, reachability, clock, key, signature, admin token. Each finding with its cure.',
    )
    .action(async (_options, command) => {
      const session = connect(command.optsWithGlobals())
      const findings = await examine(session)
      session.output.say(
        findings.map(({ exit: _, ...finding }) => finding),
        () => findings.map(lineOf).join('\n'),
      )
      const failed = findings.find(({ state }) => state === 'failed')
      if (failed !== undefined) process.exitCode = failed.exit ?? EXIT.failed
    })
}

async function examine({ bus, settings }: Session): Promise<Finding[]> {
  const findings = [settingsFinding(settings), ...configFindings(), ...wireFindings(settings)]
  const reached = await reach(bus)
  findings.push(...reached.findings)
  if (!reached.isThere) return findings
  findings.push(await readiness(settings.url))
  findings.push(await keyFinding('key', bus, settings.key, 'BUS_API_KEY, or the profile'))
  if (settings.key !== undefined) {
    const signing = new IntentBus({ url: settings.url, key: settings.key, sign: true })
    findings.push(
      await keyFinding('signature', signing, settings.key, 'the clock, and proxies that rewrite paths'),
    )
  }
  findings.push(await adminFinding(bus, settings))
  return findings
}

function settingsFinding({ url, source, key }: Settings): Finding {
  const detail = `${url}, from ${source}`
  if (key !== undefined) return { check: 'settings', state: 'ok', detail }
  const cure = 'Set BUS_URL and BUS_API_KEY, or: intent-bus profile add home URL < key.txt'
  return { check: 'settings', state: 'failed', detail: `${detail}; there is no key`, cure, exit: EXIT.usage }
}

function configFindings(): Finding[] {
  const path = configPath(process.env)
  const mode = statSync(path, { throwIfNoEntry: false })?.mode
  if (mode === undefined || process.platform === 'win32' || (mode & 0o077) === 0) return []
  return [
    {
      check: 'config file',
      state: 'warning',
      detail: `${path} may be read by others`,
      cure: `chmod 600 ${path}`,
    },
  ]
}

function wireFindings({ url }: Settings): Finding[] {
  const { protocol, hostname } = new URL(url)
  if (
    protocol === 'https:' ||
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127\.[\d.]+$/.test(hostname)
  )
    return []
  const detail = 'the key goes over the network in the clear'
  return [
    {
      check: 'privacy',
      state: 'warning',
      detail,
      cure: 'Put TLS in front of the bus, and use its https:// address (SECURITY.md).',
    },
  ]
}

async function reach(bus: IntentBus): Promise<{ isThere: boolean; findings: Finding[] }> {
  const sentAt = Date.now() / 1000
  try {
    const { version, ts } = await bus.health()
    const receivedAt = Date.now() / 1000
    const took = Math.round((receivedAt - sentAt) * 1000)
    const reached: Finding = {
      check: 'reachable',
      state: 'ok',
      detail: `version ${version}, answered in ${took} ms`,
    }
    return { isThere: true, findings: [reached, clockFinding(ts - (sentAt + receivedAt) / 2)] }
  } catch (error) {
    const cure =
      'Is it running there? On its machine: curl http://localhost:8080/health. Then look at address, port, proxy, firewall.'
    return { isThere: false, findings: [{ ...failed('reachable', error, cure), exit: EXIT.unreachable }] }
  }
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

async function readiness(url: string): Promise<Finding> {
  const check = 'ready'
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/health/ready`, {
      signal: AbortSignal.timeout(10_000),
    })
    const { ok, reasons } = (await response.json()) as { ok: boolean; reasons: string[] }
    if (ok) return { check, state: 'ok', detail: 'the store answers, the disk has room' }
    return {
      check,
      state: 'failed',
      detail: plain(reasons.join(', ')),
      cure: 'Look into the log of the bus.',
      exit: EXIT.unreachable,
    }
  } catch (error) {
    return failed(check, error, 'Is it a bus of this project? An older one has no /health/ready.')
  }
}

/** Asks for an intent that cannot be: whoever is let in is told that there is none. */
async function keyFinding(
  check: string,
  bus: IntentBus,
  key: string | undefined,
  where: string,
): Promise<Finding> {
  if (key === undefined) return { check, state: 'skipped', detail: 'there is none' }
  try {
    await bus.status(NO_INTENT)
  } catch (error) {
    if (error instanceof BusError && error.code === 'not_found') {
      const whose = key.startsWith('tk_') ? 'an issued key' : 'not an issued key: the master key, then'
      return {
        check,
        state: 'ok',
        detail: check === 'key' ? `it is good (${whose})` : 'signed requests are accepted',
      }
    }
    return { ...failed(check, error, `Look at ${where}.`), exit: EXIT.denied }
  }
  return {
    check,
    state: 'failed',
    detail: 'an intent that cannot be was found: this is no bus',
    exit: EXIT.unreachable,
  }
}

async function adminFinding(bus: IntentBus, { adminToken }: Settings): Promise<Finding> {
  const check = 'admin token'
  if (adminToken === undefined) {
    return {
      check,
      state: 'skipped',
      detail: 'there is none; dead, keys and watch need one (BUS_ADMIN_TOKEN)',
    }
  }
  try {
    await bus.admin.overview()
    return { check, state: 'ok', detail: 'it is good' }
  } catch (error) {
    return {
      ...failed(check, error, 'Look at BUS_ADMIN_TOKEN, or the profile; it is BUS_ADMIN_SECRET on the bus.'),
      exit: EXIT.denied,
    }
  }
}

function failed(check: string, error: unknown, cure: string): Finding {
  const told = error instanceof IntentBusError ? `${error.message} (${error.code})` : (error as Error).message
  return { check, state: 'failed', detail: plain(told), cure }
}

const SIGNS = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  failed: ['✗', 'red'],
  skipped: ['-', 'dim'],
} as const

function lineOf({ check, state, detail, cure }: Finding): string {
  const [sign, style] = SIGNS[state]
  const line = `${styled(style, sign)} ${check.padEnd(12)} ${plain(detail)}`
  return cure === undefined || state === 'ok' ? line : `${line}\n${' '.repeat(15)}${styled('dim', cure)}`
}
