import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client, call, read } from '../../../service/test/crash/client.ts'
import { violations } from '../../../service/test/crash/history.ts'
import { publisher } from '../../../service/test/crash/publisher.ts'
import { randomFrom } from '../../../service/test/crash/random.ts'
import { Recorder } from '../../../service/test/crash/recorder.ts'
import { inconsistencies, readStored } from '../../../service/test/crash/stored.ts'
import { worker } from '../../../service/test/crash/worker.ts'
import { ADMIN_SECRET, busOn, MASTER_KEY } from '../../../service/test/support/bus-process.ts'
import { freePort } from '../../../service/test/support/ports.ts'
import { knownBy } from './known-by.ts'

const COMMAND = fileURLToPath(new URL('../../../clients/cli/intent-bus.js', import.meta.url))
const EACH = 4
/** Leases outlive the drill but for those that lapse in it: a token that was good then is good after the restore. */
const LEASE_S = 60

export type Drill = {
  /** What was proved, and by how much. */
  proved: [what: string, how: string][]
  faults: string[]
}

type Backup = { path: string; intents: Record<string, number>; taken_at: number }

/**
 * Publishers and workers at a bus; a backup while they go on; a kill, a wipe, a restore; and what was acknowledged before
 * the backup held against what is there.
 *
 * @param loadMs how long they work before the backup, and after it
 */
export async function drill(loadMs: number, seed: number, say: (line: string) => void): Promise<Drill> {
  const directory = mkdtempSync(join(tmpdir(), 'bus-drill-'))
  const data = join(directory, 'data')
  const elsewhere = join(directory, 'elsewhere')
  mkdirSync(data)
  mkdirSync(elsewhere)
  const database = join(data, 'bus.db')
  const port = await freePort()
  const env = { BUS_LEASE_SECONDS: `${LEASE_S}` }
  const client = new Client(port)
  const recorder = new Recorder(client)
  const random = randomFrom(seed)
  let bus = busOn({ database, port, env })
  try {
    await bus.serving()
    recorder.gate.open()
    const ask = async (path: string, body: unknown = '', headers: Record<string, string> = {}) => {
      const answer = await client.send(call(path, body, headers))
      if (answer === null || answer.status >= 300)
        throw new Error(`${path}: ${answer?.status} ${answer?.text}`)
      return answer.text === '' ? null : JSON.parse(answer.text)
    }
    const admin = { 'x-admin-token': ADMIN_SECRET }
    const { api_key: issued } = await ask('/admin/generate_key', { owner: 'drill' }, admin)
    await ask('/set/lamp', { value: 'on', ttl: 86_400 })
    await ask('/intent', { goal: 'held', payload: 'a lease that lasts', namespace: 'held' })
    const held = await ask('/claim?namespace=held&lease=3600')

    say(`load: ${EACH} publishers, ${EACH} workers`)
    const actors = Array.from({ length: EACH }, (_, i) => [
      publisher(`p${i}`, recorder, randomFrom(random.between(0, 2 ** 31))),
      worker(`w${i}`, recorder, randomFrom(random.between(0, 2 ** 31))),
    ]).flat()
    await sleep(loadMs)

    say('backup, while they go on')
    const mark = performance.now()
    const backup = await command<Backup>(['backup', '--to', elsewhere], port)
    // Kept apart, as they should be.
    for (const name of ['bus.key', 'secrets.env']) cpSync(join(data, name), join(elsewhere, name))
    const acknowledged = recorder.seen.length
    await sleep(loadMs)
    const late = await ask('/intent', { goal: 'late', payload: 'after the backup', namespace: 'late' })
    const lateLease = await ask('/claim?namespace=late')

    say('kill -9, and its directory is wiped')
    bus.signal('SIGKILL')
    recorder.over = true
    await bus.exited
    await Promise.all(actors)
    rmSync(data, { recursive: true })

    say('restore')
    await command(['restore', backup.path, '--data', data], port)
    for (const name of ['bus.key', 'secrets.env']) cpSync(join(elsewhere, name), join(data, name))
    const known = knownBy(recorder.seen, mark)
    const stored = readStored(database).filter(({ payload }) => payload.startsWith('{"work":'))
    const faults = [
      ...violations({ seen: known, stored, leaseMs: LEASE_S * 1000 }),
      ...inconsistencies(database),
    ]

    say('start')
    bus = busOn({ database, port, env })
    await bus.serving()
    const status = async (sent: Parameters<Client['send']>[0]) => (await client.send(sent))?.status ?? 0
    const expectStatus = async (what: string, expected: number, sent: Parameters<Client['send']>[0]) => {
      const got = await status(sent)
      if (got !== expected) faults.push(`${what}: ${got} instead of ${expected}`)
    }
    await expectStatus('an issued key', 204, call('/claim?namespace=empty', '', { 'x-api-key': issued }))
    await expectStatus('a stored value', 200, read('/get/lamp'))
    const token = (of: { claim_token: string }) => ({ claim_token: of.claim_token })
    await expectStatus('a lease from before', 200, call(`/fulfill/${held.id}`, token(held)))
    await expectStatus('a lease from after', 404, call(`/fulfill/${late.id}`, token(lateLease)))

    const keyed = known.filter(each => each.kind === 'publish' && each.outcome === 'ok' && each.key !== null)
    const repeated = await repeat(keyed as Keyed[], client, faults)
    const done = await workOff(client, faults)
    const works = await ask('/intent', { goal: 'new', payload: 'after the restore' })
    await expectStatus('a new intent', 200, read(`/status/${works.id}`))
    await bus.stop()
    const left = readStored(database)
    faults.push(...inconsistencies(database))
    const open = left.filter(({ state }) => state !== 'fulfilled' && state !== 'dead')

    const ok = (kind: string) =>
      known.filter(each => each.kind === kind && 'outcome' in each && each.outcome === 'ok')
    // A proof of nothing is none.
    for (const kind of ['publish', 'fulfil']) {
      if (ok(kind).length === 0)
        faults.push(`no ${kind} was acknowledged before the backup: give it more --seconds`)
    }
    const after = recorder.seen.length - acknowledged
    const total = Object.values(backup.intents).reduce((sum, count) => sum + count, 0)
    return {
      proved: [
        [
          'published and acknowledged before the backup',
          `${ok('publish').length}, all there, payloads unchanged`,
        ],
        ['fulfilled before it', `${ok('fulfil').length}, all fulfilled, with their results`],
        ['in the backup', `${total} intents: ${counts(backup.intents)}`],
        ['seen after it, and gone with the bus', `${after} requests`],
        ['idempotency keys of then', `${repeated} repeated, each answered with its id`],
        ['issued key, stored value, lease of then', 'work'],
        ['lease of later', 'refused with 404'],
        [
          'left over, and worked off after the restore',
          `${done} fulfilled; ${open.length} wait for their time`,
        ],
      ],
      faults,
    }
  } finally {
    recorder.over = true
    bus.signal('SIGKILL')
    await bus.exited
    client.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

const counts = (of: Record<string, number>): string =>
  Object.entries(of)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ')

async function command<T>(args: string[], port: number): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, '--json', ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      BUS_URL: `http://127.0.0.1:${port}`,
      BUS_API_KEY: MASTER_KEY,
      BUS_ADMIN_TOKEN: ADMIN_SECRET,
    },
  })
  return JSON.parse(stdout)
}

type Keyed = { key: string; payload: string; id: string }

const REPEATED = 50

/** The same body needs the fields of then, which only their publisher knew: another body is a conflict, and that proves the key. */
async function repeat(keyed: readonly Keyed[], client: Client, faults: string[]): Promise<number> {
  const some = keyed.slice(-REPEATED)
  for (const { key, id } of some) {
    const sent = call('/intent', { goal: 'crash', payload: 'another' }, { 'idempotency-key': key })
    const answer = await client.send(sent)
    if (answer?.status !== 422) faults.push(`the idempotency key of ${id}: ${answer?.status} instead of 422`)
  }
  return some.length
}

/** Takes all there is and fulfils it. @returns how many */
async function workOff(client: Client, faults: string[]): Promise<number> {
  let done = 0
  for (;;) {
    const answer = await client.send(call('/claim?goal=crash&max=100'))
    if (answer?.status !== 200 && answer?.status !== 204) faults.push(`claim: ${answer?.status}`)
    if (answer?.status !== 200) return done
    const { intents } = JSON.parse(answer.text) as { intents: { id: string; claim_token: string }[] }
    if (intents.length === 0) return done
    const items = intents.map(({ id, claim_token }) => ({ id, claim_token, result: 'done' }))
    const settled = await client.send(call('/fulfill', { items }))
    const refused = (JSON.parse(settled?.text ?? '{"items":[]}').items as { ok: boolean }[]).filter(
      ({ ok }) => !ok,
    )
    if (refused.length > 0) faults.push(`${refused.length} leases were refused`)
    done += items.length
  }
}
