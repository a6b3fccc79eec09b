import { existsSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Backup, type NewBackup, UnreachableError } from '@intent-bus/client/index'
import { readValue } from '@intent-bus/service/config/read-value'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { secondsOf } from '../input.ts'
import { fields, moment, plain, span } from '../output.ts'
import { connect, type Program, type Session } from '../program.ts'
import { table, widthOf } from '../table.ts'

type Options = { to?: string; keep?: number; data?: string; list?: true }

/** Between two looks at one that takes longer than a call waits, in ms. */
const LOOK_MS = 1000

export function addBackup(program: Program): void {
  program
    .command('backup')
    .summary('make a verified backup')
    .description(
      'Has a running bus make a backup of itself. Needs the admin token. If the bus of this directory does not run, its file is backed up.',
    )
    .option('--to <dir>', 'fetch it into this directory, and verify it there')
    .option('--keep <age>', 'delete backups of that directory that are older: 12h, 7d', secondsOf)
    .option('--data <dir>', 'the data directory of a bus that does not run')
    .option('--list', 'list the backups that the bus has, and make none')
    .action(async (options: Options, command) => {
      const { to, keep, data, list } = options
      if (keep !== undefined && to === undefined)
        throw new Failure(
          "--keep goes with --to. In the bus's own directory, BUS_BACKUP_KEEP decides, and the newest stays.",
        )
      const session = connect(command.optsWithGlobals())
      if (data !== undefined) return fromFile(session, options)
      try {
        if (list) return await show(session)
        await fromBus(session, options)
      } catch (error) {
        const mayBeOff = error instanceof UnreachableError && session.settings.ofThisDirectory === true
        if (!mayBeOff || list || !isHere()) throw error
        session.output.note('The bus does not run: the backup is made from its file.')
        await fromFile(session, options)
      }
    })
}

/** The bus does not say the path of its directory. */
const WHERE = 'on the bus: in BUS_BACKUP_DIR, else in backups beside its database'

async function fromBus(session: Session, { to, keep }: Options): Promise<void> {
  const { output } = session
  const made = await waitFor(session)
  if (made.sha256 === null) throw new Failure(`${made.name} has no checksum beside it.`, EXIT.failed)
  if ('uploaded' in made && made.uploaded === false) {
    output.complain('It could not be uploaded to the bucket; the log of the bus says why.')
    process.exitCode = EXIT.failed
  }
  if (to === undefined) return output.say(made, () => told(made, WHERE))
  const path = await fetchInto(session, made as Backup & { sha256: string }, to)
  const deleted = keep === undefined ? [] : await tidied(to, keep)
  output.say({ ...made, path, deleted }, () => told(made, path, deleted))
}

async function waitFor({ bus }: Session): Promise<NewBackup | Backup> {
  const made = await bus.admin.backup()
  if (!('runningSince' in made)) return made
  for (;;) {
    await sleep(LOOK_MS)
    const { backups, runningSince, lastFailure } = await bus.admin.backups()
    if (runningSince !== null) continue
    // Names have whole seconds. One of a later second is of a clock that was ahead once, and not the one that was asked for.
    const since = backups.filter(({ takenAt }) => takenAt >= Math.floor(made.runningSince))
    const newest = since.find(({ takenAt }) => takenAt === since.at(-1)!.takenAt)
    const failed = lastFailure !== null && lastFailure.at >= made.runningSince
    if (newest !== undefined && !failed) return newest
    throw new Failure(
      `The backup failed: ${plain(lastFailure?.message ?? 'the bus was stopped')}`,
      EXIT.failed,
    )
  }
}

async function fetchInto(
  { settings }: Session,
  { name, sha256 }: Backup & { sha256: string },
  to: string,
): Promise<string> {
  const { settle, throughTo } = await import('@intent-bus/service/backup/pack')
  const { partsOf } = await import('@intent-bus/service/backup/names')
  const { reserve, unfinished } = await import('@intent-bus/service/backup/shelf')
  if (partsOf(name) === null) throw new Failure(`${plain(name)} is no name of a backup.`, EXIT.failed)
  mkdirSync(to, { recursive: true, mode: 0o700 })
  const url = `${settings.url.replace(/(?<!\/)\/+$/, '')}/admin/backups/${name}`
  const answer = await fetch(url, {
    headers: { 'X-Admin-Token': settings.adminToken! },
    redirect: 'manual',
  }).catch((error: Error) => {
    throw new Failure(`The backup cannot be fetched: ${error.message}`, EXIT.unreachable)
  })
  if (!answer.headers.has('x-intent-version'))
    throw new Failure(
      `Something other than an Intent Bus answers at ${settings.url}: ${answer.status}`,
      EXIT.unreachable,
    )
  if (answer.status !== 200 || answer.body === null)
    throw new Failure(`The backup cannot be fetched: the bus answered ${answer.status}.`, EXIT.unreachable)
  const { name: kept, file } = await reserve(to, name, sha256)
  const partial = join(to, unfinished(kept))
  try {
    const got = await throughTo(file, answer.body, [])
    if (got.sha256 !== sha256)
      throw new Failure(
        `${name} arrived changed: its checksum is ${got.sha256}, and should be ${sha256}.`,
        EXIT.failed,
      )
    settle(to, kept, partial, sha256)
  } catch (error) {
    await rm(partial, { force: true })
    if (error instanceof Failure) throw error
    throw new Failure(`The backup did not arrive whole: ${(error as Error).message}`, EXIT.failed)
  }
  return resolve(to, kept)
}

async function tidied(directory: string, keep: number): Promise<string[]> {
  const { tidy } = await import('@intent-bus/service/backup/shelf')
  return tidy(directory, keep * 1000, Date.now())
}

const isHere = (): boolean => existsSync(readValue('BUS_DB_PATH', process.env) ?? '')

/** Of a bus that does not run. */
async function fromFile({ output }: Session, { data, to, keep }: Options): Promise<void> {
  const { backUpOffline } = await import('@intent-bus/service/backup/offline')
  const { configFor } = await import('../bus-of-directory.ts')
  const { serviceFailure } = await import('../service-failure.ts')
  process.umask(0o077)
  try {
    const keepMs = keep === undefined ? null : keep * 1000
    const {
      contents,
      durationMs,
      at,
      deleted,
      directory: _,
      ...made
    } = await backUpOffline(configFor(data), to ?? null, keepMs)
    const backup = {
      ...made,
      takenAt: at / 1000,
      durationSeconds: Math.round(durationMs) / 1000,
      schema: contents.schema,
      intents: contents.intents,
      issuedKeys: contents.apiKeys,
      values: contents.values,
      deleted,
    }
    output.say(backup, () => told(backup, made.path, deleted))
  } catch (error) {
    throw serviceFailure(error)
  }
}

async function show({ bus, output }: Session): Promise<void> {
  const found = await bus.admin.backups()
  output.say(found.backups, () => {
    // The name has it as well.
    const showsTaken = widthOf(process.stdout) === undefined
    const lines =
      found.backups.length === 0
        ? ['There are none.']
        : [
            table(
              [
                ...(showsTaken ? [{ head: 'taken' }] : []),
                { head: 'age', right: true },
                { head: 'bytes', right: true },
                { head: 'name' },
              ],
              found.backups.map(({ name, bytes, takenAt, ageSeconds }) => [
                ...(showsTaken ? [moment(takenAt)] : []),
                span(ageSeconds),
                `${bytes}`,
                plain(name),
              ]),
            ),
          ]
    if (found.runningSince !== null) lines.push('Another one is under way.')
    if (found.lastFailure !== null) lines.push(`The last one failed: ${plain(found.lastFailure.message)}`)
    return lines.join('\n')
  })
}

type Shown = Pick<Backup, 'name' | 'bytes' | 'takenAt' | 'sha256' | 'encrypted'> &
  Partial<Pick<NewBackup, 'intents'>>

function told(
  { name, bytes, takenAt, sha256, encrypted, intents }: Shown,
  where: string,
  deleted: string[] = [],
): string {
  return fields([
    ['backup', plain(name)],
    ['where', where],
    ['of', `${moment(takenAt)}: what was acknowledged before is in it`],
    ['intents', intents && countsOf(intents)],
    ['bytes', bytes],
    ['encrypted', encrypted ? 'yes' : 'no'],
    ['sha256', sha256],
    ['verified', 'yes'],
    ['deleted', deleted.length === 0 ? null : deleted.join(', ')],
  ])
}

export const countsOf = (intents: NewBackup['intents']): string =>
  Object.entries(intents)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ')
