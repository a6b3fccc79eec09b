/** What bootstrap.sh does until it has a release, and which release that is. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Pretended } from './pretended.ts'

/** As docs/phone.md has them. */
const MEND = 'bash ~/intent-bus/current/ops/termux/bootstrap.sh'

test('the line that mends sets up the release that runs, and makes no other of it', () => {
  const phone = new Pretended()
  phone.release('source')
  const first = phone.run('bash source/ops/termux/bootstrap.sh')
  expect(first).toMatchObject({ code: 0, err: '' })
  const releases = readdirSync(join(phone.bus, 'releases'))
  for (const line of [MEND, `${MEND} --from ~/intent-bus/current`, `${MEND} --from ~/intent-bus/current/`]) {
    expect(phone.run(line)).toMatchObject({ code: 0, err: '' })
  }
  expect(readdirSync(join(phone.bus, 'releases'))).toEqual(releases)
  expect(new Set(phone.setUps)).toEqual(new Set([`${releases[0]} node_sqlite=`]))
  expect(phone.setUps).toHaveLength(4)
})

test('a copy of a release that is installed is the same release, whatever was written into that', () => {
  const phone = new Pretended()
  phone.release('source')
  phone.run('bash source/ops/termux/bootstrap.sh && cp -a source copy && echo node > copy/.sqlite-driver')
  expect(phone.run('bash copy/ops/termux/bootstrap.sh')).toMatchObject({ code: 0, err: '' })
  expect(readdirSync(join(phone.bus, 'releases'))).toHaveLength(1)
})

test('--node-sqlite is remembered by the lines that mend and upgrade, until --compile', () => {
  const phone = new Pretended()
  phone.release('source')
  const upgrade = 'bash source/ops/termux/bootstrap.sh'
  for (const line of [`${upgrade} --node-sqlite`, upgrade, MEND, `${MEND} --compile`, MEND]) {
    expect(phone.run(line)).toMatchObject({ code: 0, err: '' })
  }
  expect(phone.setUps.map(line => line.split('node_sqlite=')[1])).toEqual(['yes', 'yes', 'yes', '', ''])
  phone.run(`${MEND} --node-sqlite`)
  expect(phone.run(`${MEND} --dry-run`).out).toContain('SQLite         that of Node')
  expect(phone.run(`${MEND} --dry-run --compile`).out).toContain('SQLite         compiled here')
  expect(phone.run(`${MEND} --dry-run`).out).toContain('SQLite         that of Node')
})
