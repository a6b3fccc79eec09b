import { setTimeout as sleep } from 'node:timers/promises'
import { Option } from '@commander-js/extra-typings'
import { AUDIT_ACTIONS } from '@intent-bus/client/admin-wire'
import type { AuditEntry } from '@intent-bus/client/index'
import { shortId } from '../ids.ts'
import { numberIn, secondsOf } from '../input.ts'
import { moment, plain } from '../output.ts'
import { connect, type Program } from '../program.ts'
import { adminNow } from '../reach.ts'
import { table, widthOf } from '../table.ts'

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
        const from = (await adminNow(bus)) - since
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
const BY: Record<AuditEntry['credential'], string> = {
  admin_token: 'admin token',
  password: 'password',
  api_key: 'API key',
}

function entryTable(entries: readonly AuditEntry[]): string {
  if (widthOf(process.stdout) === undefined)
    return table(
      HEADS.map(head => ({ head })),
      entries.map(cellsOf),
    )
  return table(
    [{ head: 'when' }, { head: 'action' }, { head: 'subject', most: SUBJECT }, { head: 'by, from, detail' }],
    entries.map(entry => {
      const [when, action, subject, ...rest] = cellsOf(entry)
      const shown = subject!.length === ID ? shortId(subject!) : subject!
      return [when!.slice(YEAR, TO_SECONDS), action!, shown, rest.join(', ')]
    }),
  )
}

/** Of a moment, what is between the year and the zone: `11-24 14:03:07`. */
const [YEAR, TO_SECONDS] = [5, 19]
/** As much as a short id. */
const SUBJECT = 16
/** A namespace that is as long as an id is cut like one. */
const ID = 32

const lineOf = (entry: AuditEntry): string => cellsOf(entry).join('  ')

function cellsOf({ at, action, subject, credential, via, address, detail }: AuditEntry): string[] {
  const who = BY[credential]
  return [
    moment(at),
    action,
    plain(subject ?? '-'),
    via === 'dashboard' ? `${who}, dashboard` : who,
    plain(address),
    plain(JSON.stringify(detail)),
  ]
}
