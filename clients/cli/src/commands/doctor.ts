import { statSync } from 'node:fs'
import { adminFindings, credentials, skipped } from '../doctor/credentials.ts'
import { type Finding, failed, LOOK_SECONDS, report } from '../doctor/finding.ts'
import { reach } from '../doctor/reach.ts'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { examineHost } from '../host/examine.ts'
import { COMMAND } from '../invocation.ts'
import { isLoopback } from '../loopback.ts'
import { Output, plain } from '../output.ts'
import { configPath } from '../profiles.ts'
import { connect, type Program } from '../program.ts'
import type { Settings } from '../settings.ts'

export function addDoctor(program: Program): void {
  program
    .command('doctor')
    .summary('find out why it does not work')
    .description(
      'Looks step by step: settings, reachability, clock, key, signature, admin token. With --server at the machine a bus runs on. Each finding with its cure.',
    )
    .option(
      '--server',
      'look at this machine, as the host of a bus; run it as the user of the bus, with its settings',
    )
    .option('--data <dir>', 'with --server: where the data is, instead of ./data or BUS_DB_PATH')
    .action(async ({ server, data }, command) => {
      if (data !== undefined && !server) throw new Failure('--data goes with --server.')
      const globals = command.optsWithGlobals()
      if (server) return report(new Output(globals), await examineHost(data))
      const { settings, output } = connect(globals)
      report(output, await examine(settings))
    })
}

/** Nothing is tried twice and nothing long waited for: what does not work now is what is to be found. */
async function examine(settings: Settings): Promise<Finding[]> {
  const findings = [settingsFinding(settings), ...configFindings(), ...wireFindings(settings)]
  const reached = await reach(settings)
  findings.push(...reached.findings)
  if (!reached.isThere) return findings
  const { finding, inMaintenance } = await readiness(settings.url)
  findings.push(finding)
  if (inMaintenance) {
    const key = skipped('key', 'the bus takes no key in maintenance')
    return [...findings, key, ...(await adminFindings(settings))]
  }
  return [...findings, ...(await credentials(settings))]
}

function settingsFinding({ url, source, key }: Settings): Finding {
  const detail = `${url}, from ${source}`
  if (key !== undefined) return { check: 'settings', state: 'ok', detail }
  const cure = `Set BUS_URL and BUS_API_KEY, or: ${COMMAND} profile add home URL < key.txt`
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
  if (new URL(url).protocol === 'https:' || isLoopback(url)) return []
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

async function readiness(url: string): Promise<{ finding: Finding; inMaintenance: boolean }> {
  const check = 'ready'
  try {
    const response = await fetch(`${url.replace(/(?<!\/)\/+$/, '')}/health/ready`, {
      signal: AbortSignal.timeout(LOOK_SECONDS * 1000),
    })
    const ready = (await response.json()) as Ready
    return { finding: readyFinding(ready), inMaintenance: ready.maintenance === true }
  } catch (error) {
    const finding = failed(check, error, 'Is it a bus of this project? An older one has no /health/ready.')
    return { finding, inMaintenance: false }
  }
}

/** An older bus says neither of the last two. */
type Ready = { ok: boolean; reasons: string[]; warnings?: string[]; maintenance?: boolean }

function readyFinding({ ok, reasons, warnings = [], maintenance = false }: Ready): Finding {
  const check = 'ready'
  if (!ok) {
    const detail = plain(reasons.join(', '))
    return { check, state: 'failed', detail, cure: 'Look into the log of the bus.', exit: EXIT.unreachable }
  }
  if (maintenance) {
    const detail = 'the bus is in maintenance: all but admins are sent away'
    return { check, state: 'warning', detail, cure: `Wait, or end it: ${COMMAND} maintenance off` }
  }
  if (warnings.length > 0) {
    const detail = `the bus is ready, and warns: ${plain(warnings.join(', '))}`
    const cures = warnings.includes('store_damaged') ? ['docs/operations/corrupt-database.md'] : []
    if (warnings.some(warning => warning !== 'store_damaged'))
      cures.push('Make room: docs/operations/disk-full.md')
    return { check, state: 'warning', detail, cure: cures.join('. ') }
  }
  return { check, state: 'ok', detail: 'the store answers, the disk has room' }
}
