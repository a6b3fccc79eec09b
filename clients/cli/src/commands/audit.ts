import { setTimeout as sleep } from 'node:timers/promises'
import { Option } from '@commander-js/extra-typings'
import { AUDIT_ACTIONS } from '../../../typescript/src/admin-wire.ts'
import type { AuditEntry } from '../../../typescript/src/index.ts'
import { numberIn, secondsOf } from '../input.ts'
import { moment, plain, table } from '../output.ts'
import { connect, type Program } from '../program.ts'

const LOOK_EVERY_MS = 2000

export function addAudit(program: Program): void {
  program
    .command('audit')
    .summary('see what admins did')
    .description(
      'What admins did, oldest first: the last 100 entries, or all since a time. It needs the admin token.',
    )
    .option('--since <time>', 'what was done since then: 7d, 12h', secondsOf)
    .addOption(new Option('--action <action>', 'only this').choices(AUDIT_ACTIONS))
    .option('--limit <n>', 'how many of the last ones', numberIn({ least: 1, most: 1000, whole: true }), 100)
    .option('-f, --follow', 'also print what is done from now on')
    .action(async ({ since, action, limit, follow }, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      // Before the rest is read, so that nothing falls in between.
      const newest = follow ? ((await bus.admin.lastAudit(1))[0]?.sequence ?? 0) : 0
      const entries: AuditEntry[] = []
      if (since === undefined) entries.push(...(await bus.admin.lastAudit(limit, action)))
      else {
        const from = (await bus.health()).ts - since
        for await (const entry of bus.admin.audit({ since: from, action })) entries.push(entry)
      }
      if (!follow) {
        return output.say(entries, () => (entries.length === 0 ? 'There is nothing.' : entryTable(entries)))
      }
      for (const entry of entries) output.say(entry, lineOf(entry))
      for (let after = Math.max(newest, entries.at(-1)?.sequence ?? 0); ; ) {
        await sleep(LOOK_EVERY_MS)
        for await (const entry of bus.admin.audit({ after, action })) {
          output.say(entry, lineOf(entry))
          after = entry.sequence
        }
      }
    })
}

const HEADS = ['when', 'action', 'subject', 'by', 'from', 'detail']

const entryTable = (entries: readonly AuditEntry[]): string => table(HEADS, entries.map(cellsOf))
const lineOf = (entry: AuditEntry): string => cellsOf(entry).join('  ')

function cellsOf({ at, action, subject, credential, via, address, detail }: AuditEntry): string[] {
  const who = credential === 'admin_token' ? 'admin token' : 'password'
  return [
    moment(at),
    action,
    plain(subject ?? '-'),
    via === 'dashboard' ? `${who}, dashboard` : who,
    plain(address),
    plain(JSON.stringify(detail)),
  ]
}
