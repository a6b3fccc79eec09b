import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { OLD_MASTER, ReferenceFile } from '@intent-bus/service/test/import/reference-file'
import { expect, test } from 'vitest'
import { EXIT } from '../src/exit-codes.ts'
import { emptyDir, start } from './support/run.ts'

function newcomer() {
  const cwd = emptyDir()
  const file = new ReferenceFile(join(cwd, 'infrastructure.db'))
  file.intent()
  file.intent({ payload: 'NaN' })
  file.db.exec(`INSERT INTO rate_limits VALUES ('k', 1, 1)`)
  file.close()
  const run = (...args: string[]) =>
    start(['import', 'reference', ...args], { cwd, env: { BUS_SECRET: OLD_MASTER } }).ended
  return { cwd, run }
}

test('import says what it would do, does it with --yes, and names each row with --json', async () => {
  const { cwd, run } = newcomer()
  const dry = await run('infrastructure.db')
  expect([dry.code, dry.err]).toEqual([
    EXIT.ok,
    'Rate limits begin at zero: 1 counts are left out.\nThis would take 1 row into ./data/bus.db. Nothing is done yet: add --yes.\n',
  ])
  expect(dry.out).toMatch(/^intents +2 +1 +0 +0 +1$/m)
  expect(dry.out).toContain(`1 of intents: its payload is no JSON\n    ${'2'.padStart(32, '0')}\n`)
  expect(existsSync(join(cwd, 'data'))).toBe(false)

  const wet = await run('infrastructure.db', '--yes', '--db', 'mine/bus.db')
  expect([wet.code, wet.err]).toEqual([
    EXIT.ok,
    expect.stringMatching(/Took 1 row into mine\/bus\.db\. Start/),
  ])
  expect(existsSync(join(cwd, 'mine/bus.db'))).toBe(true)

  const again = await run('infrastructure.db', '--yes', '--db', 'mine/bus.db', '--json')
  expect(
    again.out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line)),
  ).toEqual([
    { table: 'intents', row: '1'.padStart(32, '0'), fate: 'here_already', why: [] },
    { table: 'intents', row: '2'.padStart(32, '0'), fate: 'left_out', why: ['its payload is no JSON'] },
    {
      dry_run: false,
      version: '7.61',
      tables: { intents: { rows: 2, taken: 0, changed: 0, here_already: 1, left_out: 1 } },
    },
  ])
  expect(again.err).toBe('')
})

test('import says in a line why it takes nothing', async () => {
  const { run } = newcomer()
  expect(await run('elsewhere.db')).toMatchObject({
    code: EXIT.usage,
    out: '',
    err: 'error: elsewhere.db is not there.\nNothing was taken.\n',
  })
})
