import { spawnSync } from 'node:child_process'
import type { Finding } from '../doctor/finding.ts'
import { span } from '../output.ts'

const NOTABLE_S = 5
const SET_IT = 'Let it be set by the network: timedatectl set-ntp true, or chronyd.'

/**
 * @param lastSeen the latest time in the database, ms
 * @param busTime what the bus that runs here says, ms; `null`: none does
 */
export function clockFindings(lastSeen: number | null, busTime: number | null, now = Date.now()): Finding[] {
  const findings = [againstDatabase(lastSeen, now), againstBus(busTime, now), synchronised()].filter(
    each => each !== null,
  )
  if (findings.length > 0) return findings
  return [{ check: 'clock', state: 'skipped', detail: 'there is nothing to hold it against' }]
}

function againstDatabase(lastSeen: number | null, now: number): Finding | null {
  const check = 'clock'
  if (lastSeen === null) return null
  const behind = (lastSeen - now) / 1000
  if (behind <= NOTABLE_S) return { check, state: 'ok', detail: 'later than all that is in the database' }
  const detail = `${span(behind)} behind a time in the database: the bus goes on from that one`
  return { check, state: 'failed', detail, cure: `${SET_IT} docs/durability.md says what it means.` }
}

function againstBus(busTime: number | null, now: number): Finding | null {
  if (busTime === null) return null
  const off = Math.abs(busTime - now) / 1000
  if (off <= NOTABLE_S)
    return { check: 'clock', state: 'ok', detail: 'the same as that of the bus that runs here' }
  const detail = `${span(off)} off that of the bus that runs here`
  return { check: 'clock', state: 'warning', detail, cure: `${SET_IT} Then restart the bus.` }
}

/** Asks whichever of the two is there. */
function synchronised(): Finding | null {
  const said = output('timedatectl', 'show', '-p', 'NTPSynchronized', '--value')
  const leap =
    said === null ? /^Leap status\s*:\s*(\S+)/m.exec(output('chronyc', '-n', 'tracking') ?? '')?.[1] : null
  if (said === 'yes' || leap === 'Normal')
    return { check: 'clock', state: 'ok', detail: 'set by the network' }
  if (said !== 'no' && !leap) return null
  return { check: 'clock', state: 'warning', detail: 'not set by the network', cure: SET_IT }
}

function output(command: string, ...args: string[]): string | null {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: 3000 })
  return status === 0 ? stdout.trim() : null
}
