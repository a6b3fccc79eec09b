/**
 * What a Docker daemon changes in the network of the machine and leaves behind: it lets the kernel forward packets, drops
 * those that are not its own (a machine that others route through is cut off), and adds chains to iptables.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'

const SWITCH = '/proc/sys/net/ipv4/ip_forward'
const TABLES = ['filter', 'nat'] as const

const iptables = (...args: string[]): string => execFileSync('iptables', args, { encoding: 'utf8' })

/** Every rule and chain, table by table, as `iptables` takes it. */
export const rules = (): string[] =>
  TABLES.flatMap(table =>
    iptables('-t', table, '-S')
      .split('\n')
      .filter(Boolean)
      .map(rule => `-t ${table} ${rule}`),
  )

export const forwards = (): boolean => readFileSync(SWITCH, 'utf8').trim() === '1'

/** Whether a Docker runs in this network, whoever's it is. */
export const isDockerHere = (): boolean =>
  readdirSync('/proc').some(pid => {
    if (!/^\d+$/.test(pid)) return false
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'dockerd\n') return false
      return readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net')
    } catch {
      // It has ended meanwhile.
      return false
    }
  })

/**
 * To be called before a daemon starts. A daemon that finds forwarding switched on leaves the policy alone.
 *
 * @returns what puts everything back, once that daemon has ended; another one that still runs keeps what it needs
 */
export function keepForwarding(): () => void {
  const before = { forwards: forwards(), rules: new Set(rules()), alone: !isDockerHere() }
  if (!before.forwards) writeFileSync(SWITCH, '1\n')
  return () => {
    if (!before.alone || isDockerHere()) return
    const added = rules().filter(rule => !before.rules.has(rule))
    const undo = (rule: string) => iptables(...rule.split(' '))
    // A chain can go when no rule leads to it, and none is in it.
    for (const rule of added) if (rule.includes(' -A ')) undo(rule.replace(' -A ', ' -D '))
    for (const rule of added) if (rule.includes(' -N ')) undo(rule.replace(' -N ', ' -X '))
    if (!before.forwards) writeFileSync(SWITCH, '0\n')
  }
}
