import { statSync } from 'node:fs'
import { credentials } from '../doctor/credentials.ts'
import { type Finding, failed, LOOK_SECONDS, lineOf } from '../doctor/finding.ts'
import { reach } from '../doctor/reach.ts'
import { EXIT } from '../exit-codes.ts'
import { plain } from '../output.ts'
import { configPath } from '../profiles.ts'
import { connect, type Program } from '../program.ts'
import type { Settings } from '../settings.ts'

export function addDoctor(program: Program): void {
  program
    .command('doctor')
    .summary('find out why it does not work')
    .description(
      'Looks step by step: settings, reachability, clock, key, signature, admin token. Each finding with its cure.',
    )
    .action(async (_options, command) => {
      const { settings, output } = connect(command.optsWithGlobals())
      const findings = await examine(settings)
      output.say(
        findings.map(({ exit: _, ...finding }) => finding),
        () => findings.map(lineOf).join('\n'),
      )
      const failed = findings.find(({ state }) => state === 'failed')
      if (failed !== undefined) process.exitCode = failed.exit ?? EXIT.failed
    })
}

/** Nothing is tried twice and nothing long waited for: what does not work now is what is to be found. */
async function examine(settings: Settings): Promise<Finding[]> {
  const findings = [settingsFinding(settings), ...configFindings(), ...wireFindings(settings)]
  const reached = await reach(settings)
  findings.push(...reached.findings)
  if (!reached.isThere) return findings
  return [...findings, await readiness(settings.url), ...(await credentials(settings))]
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

async function readiness(url: string): Promise<Finding> {
  const check = 'ready'
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/health/ready`, {
      signal: AbortSignal.timeout(LOOK_SECONDS * 1000),
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
