import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fullProgram } from '../../clients/cli/src/main.ts'
import { SECRETS } from '../../service/config/secret-variables.ts'
import { VARIABLES } from '../../service/config/variables.ts'
import { CATALOGUE } from '../../service/errors.ts'
import { METRICS } from '../../service/metrics/catalogue.ts'
import { inconsistencies, readStored } from '../../service/test/crash/stored.ts'
import { BusProcess } from '../../service/test/support/bus-process.ts'
import { Client } from '../../service/test/support/client.ts'
import { root } from '../../service/test/support/root.ts'
import { readPage } from '../pages.ts'
import { type Equipment, follow } from './reader.ts'
import { isSaid } from './source-texts.ts'

const MASTER = 'master-key-of-the-pages'

const pages = readdirSync(join(root, 'docs/operations')).map(name => `operations/${name}`)
const troubles = pages.filter(page => page !== 'operations/README.md')

/** What a reader of the page has: an incident changes nothing that is not asked for, so the pages themselves make none of it. */
const READERS: Record<string, Equipment> = {
  'operations/oldest-intent.md': {
    before: `WAITING=$(intent-bus publish print '"page 1"' --target-worker barn)`,
    placeholders: { ID: '$WAITING' },
  },
  'operations/lost-key.md': {
    before: "intent-bus keys create 'camera in the barn' > camera.key",
    placeholders: { NUMBER: '1' },
  },
}

const fenced = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block]) => block!)
const linesOf = (text: string, language: string) =>
  fenced(text, language).flatMap(block => block.trimEnd().split('\n'))

test('the index of the runbook leads to each of its pages', () => {
  const index = readPage('operations/README.md')
  for (const page of troubles) expect(index).toContain(`](${page.slice('operations/'.length)})`)
})

describe.each(troubles)('docs/%s', page => {
  test('says how it shows, what to do and how to check', () => {
    const heads = [...readPage(page).matchAll(/^## (.*)$/gm)].map(([, head]) => head)
    expect(heads).toEqual(['How does it show?', 'What do I do?', 'How do I check that it is over?'])
  })
})

describe.each(pages)('docs/%s', page => {
  const text = readPage(page)

  test('names only metrics that there are', () => {
    const known = new Set(
      METRICS.flatMap(({ name }) => [name, ...['_bucket', '_sum', '_count'].map(end => name + end)]),
    )
    const named = text.match(/intent_bus_\w+/g) ?? []
    expect(named.filter(name => !known.has(name) && name !== 'intent_bus_commit_duration_seconds_')).toEqual(
      [],
    )
  })

  test('names only settings that there are', () => {
    const ofWorkers =
      readFileSync(join(root, 'clients/shell/worker.sh'), 'utf8').match(/\bBUS_[A-Z_]+\b/g) ?? []
    const known = new Set([...Object.keys(VARIABLES), ...Object.keys(SECRETS), ...ofWorkers])
    expect((text.match(/\bBUS_[A-Z_]+\b/g) ?? []).filter(name => !known.has(name))).toEqual([])
  })

  test('quotes only log lines that the bus can write', () => {
    for (const line of linesOf(text, 'log')) {
      const said = line.startsWith('intent-bus: ')
        ? line.slice('intent-bus: '.length)
        : (JSON.parse(line) as { msg: string }).msg
      expect(isSaid(said), said).toBe(true)
    }
  })

  test('quotes only errors that the bus can answer with', () => {
    for (const line of linesOf(text, 'json')) {
      const { code, message } = JSON.parse(line).error
      expect(Object.keys(CATALOGUE)).toContain(code)
      expect(isSaid(message), message).toBe(true)
    }
  })

  test('types only commands that there are, but for those that are marked as not run yet', () => {
    const program = fullProgram()
    const run = text.replaceAll(/^<!-- not run yet: .*? -->\n(?:.*\n\n)?```\n.*?^```$/gms, '')
    const named = [...run.matchAll(/(?:^|`)intent-bus ([a-z]+)(?: ([a-z]+))?/gm)]
    for (const [typed, name, below] of named) {
      const command = program.commands.find(each => each.name() === name)
      expect(command, typed).toBeDefined()
      // `dead --follow` is `dead list --follow`.
      if (command!.commands.length > 0 && !(name === 'dead' && below === undefined))
        expect(
          command!.commands.map(each => each.name()),
          typed,
        ).toContain(below)
    }
  })

  if (text.includes('```sh\n')) {
    test('has commands that work as they are typed', async () => {
      await follow(page, READERS[page])
    })
  }
})

const noShell = spawnSync('sqlite3', ['--version']).status === 0 ? null : 'there is no sqlite3'
if (noShell !== null) console.warn(`salvaging is not tested here: ${noShell}`)

describe.skipIf(noShell !== null)('salvaging as docs/operations/corrupt-database.md says', () => {
  test.each([
    ['a page of payloads', 'payloads', 60],
    ['a page of intents', 'intents', 20],
    ['a page of an index', 'intents_agenda', 0],
    ['a page that keeps the bus from starting', 'intents_ready', 0],
    ['the page of what the bus knows of itself', 'meta', 0],
  ])('%s costs what was on it, and the bus goes on with the rest', async (_what, table, most) => {
    const dir = mkdtempSync(join(tmpdir(), 'bus-salvage-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    symlinkSync(join(root, 'ops'), join(dir, 'ops'))
    const ids = await filled(dir)
    damage(join(dir, 'data/bus.db'), table)
    if (table === 'intents_ready') {
      const refused = new BusProcess(dir, { PORT: '0', BUS_SECRET: 'master' })
      expect((await refused.refused()).code).toBe(1)
      expect(refused.err).toMatch(/is damaged: index intents_ready .*corrupt-database\.md/)
    }

    for (const block of fenced(readPage('operations/corrupt-database.md'), 'salvage')) {
      const { status, stderr, stdout } = spawnSync('sh', ['-euc', block], { cwd: dir, encoding: 'utf8' })
      expect([status, stderr]).toEqual([0, ''])
      if (block.includes('integrity_check')) expect(stdout).toMatch(/^ok$/m)
    }
    expect(inconsistencies(join(dir, 'data/bus.db'))).toEqual([])
    const left = readStored(join(dir, 'data/bus.db'))
    expect(left.length).toBeGreaterThanOrEqual(ids.length - most)

    const { bus, client } = await started(dir)
    let claimed = 0
    while ((await client.claim()) !== null) claimed += 1
    expect(claimed).toBe(left.length)
    await bus.kill()
  })
})

describe.skipIf(noShell !== null)('salvaging as docs/operations/damaged-log.md says', () => {
  test('brings back the commits behind a wrong bit', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'bus-salvage-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    symlinkSync(join(root, 'ops'), join(dir, 'ops'))
    const before = await started(dir)
    const ids: string[] = []
    for (let i = 0; i < 12; i += 1) {
      ids.push((await before.client.post('/intent', { goal: 'print', payload: `page ${i}` })).json.id)
    }
    await before.bus.kill()
    const log = join(dir, 'data/bus.db-wal')
    const bytes = readFileSync(log)
    // The low bit of a word: a higher one cannot be repaired, since several explain the same checksum.
    bytes[32 + 4120 * 5 + 24 + 400]! ^= 1
    writeFileSync(log, bytes)
    const refused = new BusProcess(dir, { PORT: '0', BUS_SECRET: MASTER })
    expect((await refused.refused()).code).toBe(1)
    expect(refused.err).toContain('docs/operations/damaged-log.md')

    for (const block of fenced(readPage('operations/damaged-log.md'), 'salvage')) {
      const { status, stderr, stdout } = spawnSync('sh', ['-euc', block], { cwd: dir, encoding: 'utf8' })
      expect([status, stderr]).toEqual([0, ''])
      if (block.includes('salvage-log'))
        expect(stdout).toMatch(/1 repaired, 0 replaced .* 0 lost\.\nCheck: ok$/m)
      if (block.includes('integrity_check')) expect(stdout).toMatch(/^ok$/m)
    }
    const { bus, client } = await started(dir)
    for (const id of ids) expect((await client.get(`/status/${id}`)).status).toBe(200)
    await bus.kill()
  })
})

async function started(dir: string) {
  const bus = new BusProcess(dir, { PORT: '0', BUS_SECRET: MASTER })
  onTestFinished(() => bus.kill())
  const url = `http://127.0.0.1:${await bus.ready()}`
  return { bus, client: new Client(url, { 'x-api-key': MASTER }) }
}

/** @returns the ids of what was published */
async function filled(dir: string): Promise<string[]> {
  const { bus, client } = await started(dir)
  const intents = Array.from({ length: 200 }, (_, i) => ({ goal: `g${i % 3}`, payload: 'x'.repeat(10 * i) }))
  const { json } = await client.post('/intents', { intents })
  bus.signal('SIGTERM')
  await bus.exited
  return json.intents.map(({ id }: { id: string }) => id)
}

/** Damages the last page of this table or index that holds rows. */
function damage(path: string, name: string): void {
  const db = new Sqlite(path, { readonly: true })
  const page = db
    .prepare(`SELECT max(pageno) FROM dbstat WHERE name = ? AND pagetype = 'leaf'`)
    .pluck()
    .get(name) as number
  db.close()
  const bytes = readFileSync(path)
  bytes.fill(0xa5, (page - 1) * 4096, page * 4096)
  writeFileSync(path, bytes)
}
