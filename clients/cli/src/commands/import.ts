import type { ImportOptions } from '@intent-bus/service/import/reference/import'
import type { Fate, Reason, Report, RowReport } from '@intent-bus/service/import/report'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { Output, plain, styled } from '../output.ts'
import type { Program } from '../program.ts'
import { table } from '../table.ts'
import { ProgressBar } from '../terminal/progress-bar.ts'

/** Rows that are named where it does not matter much which; of those that were left out, as many as the report keeps. */
const NAMED = 5

/** Errors whose message is for the operator: nothing was done then. */
const TOLD = ['SourceError', 'StoreOpenError', 'SecretsError', 'ConfigError', 'StorageError']

export function addImport(program: Program): void {
  program
    .command('import')
    .summary('move in from another server')
    .description('Takes over what another server has: intents, dead letters, values and keys.')
    .command('reference')
    .description(
      'Takes over the database of the Python reference server (7.x). Without --yes it only says what it would do. The bus must not run meanwhile.',
    )
    .argument('<file>', 'its database, infrastructure.db; it is only read, and may be in use')
    .option('--db <file>', 'BUS_DB_PATH of the bus that takes it (./data/bus.db)')
    .option('--unseen-master', 'take it even if nothing in it belongs to BUS_SECRET')
    .option('-y, --yes', 'do it')
    .action(async (file, { db, unseenMaster, yes }, command) => {
      const output = new Output(command.optsWithGlobals())
      if (db !== undefined) process.env['BUS_DB_PATH'] = db
      // The database, its log and the key are nobody else's to read.
      process.umask(0o077)
      await run(output, { file, dry: yes !== true, unseenMaster: unseenMaster === true })
    })
}

async function run(
  output: Output,
  asked: Pick<ImportOptions, 'file' | 'dry' | 'unseenMaster'>,
): Promise<void> {
  // Only now: every other command would load the store for nothing.
  const { importReference, UNSEEN } = await import('@intent-bus/service/import/reference/import')
  const { readConfig } = await import('@intent-bus/service/config/config')
  let bar: ProgressBar | undefined
  try {
    const config = readConfig(process.env)
    const { version, report, rateLimits, masterUnseen } = importReference({
      ...asked,
      config,
      each: row => {
        if (output.json) process.stdout.write(`${JSON.stringify(wired(row))}\n`)
      },
      at: (done, total) => {
        bar ??= new ProgressBar('rows', total, output.json)
        bar.at(done)
      },
      warn: line => output.note(plain(line)),
    })
    bar?.end()
    const tables = Object.fromEntries([...report.tables].map(([name, tally]) => [name, wiredKeys(tally)]))
    output.say({ dryRun: asked.dry, version, tables }, () => summary(version, report))
    if (rateLimits > 0) output.note(`Rate limits begin at zero: ${rateLimits} counts are left out.`)
    if (masterUnseen) output.note(styled('yellow', UNSEEN, process.stderr))
    const { BUS_DB_PATH: target } = config.values
    output.note(asked.dry ? wouldTake(report, target) : hasTaken(report, target))
  } catch (error) {
    bar?.end()
    if (!(error instanceof Error) || !TOLD.includes(error.name)) throw error
    const full = 'reason' in error && error.reason === 'full'
    throw new Failure(
      full ? `the disk is full (${error.message})` : error.message,
      EXIT.usage,
      'Nothing was taken.',
    )
  }
}

const wouldTake = (report: Report, target: string) =>
  `This would take ${rows(report.taken)} into ${target}. Nothing is done yet: add --yes.`

const hasTaken = (report: Report, target: string) =>
  `Took ${rows(report.taken)} into ${target}. Start the bus with the BUS_SECRET of the reference server: its workers go on with the keys they have.`

const rows = (count: number) => `${count} ${count === 1 ? 'row' : 'rows'}`

const wired = ({ table, row, fate, why }: RowReport) => ({ table, row, fate: snake(fate), why })
const snake = (fate: string) => fate.replace(' ', '_')
const wiredKeys = (tally: object) =>
  Object.fromEntries(Object.entries(tally).map(([name, count]) => [snake(name), count]))

const COUNTS = ['rows', 'taken', 'changed', 'here already']

function summary(version: string, report: Report): string {
  const tallies = [...report.tables].map(([name, tally]) => [
    name,
    ...[tally.rows, tally.taken, tally.changed, tally['here already'], tally['left out']].map(String),
  ])
  return [
    `The tables are those of ${version}.`,
    '',
    table(
      [{ head: 'table' }, ...COUNTS.map(head => ({ head, right: true as const })), { head: 'left out' }],
      tallies,
    ),
    ...told(report, 'changed', 'Taken with a change:'),
    ...told(report, 'here already', 'Not taken again:'),
    ...told(report, 'left out', 'Left out:'),
  ].join('\n')
}

function told(report: Report, fate: Fate, head: string): string[] {
  const reasons = report.reasons(fate)
  return reasons.length === 0 ? [] : ['', head, ...reasons.flatMap(reasonLines)]
}

function reasonLines({ table: name, fate, why, count, rows: named }: Reason): string[] {
  const some = fate === 'left out' ? named : named.slice(0, NAMED)
  const shown = some.map(plain).join(', ')
  const more = count > some.length ? `, and ${count - some.length} more (--json names each)` : ''
  return [`  ${count} of ${name}: ${why}`, styled('dim', `    ${shown}${more}`)]
}
