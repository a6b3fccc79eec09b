import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HELP, readOptions } from '../../ops/acceptance/stress/options.ts'
import { PROFILES, PUBLISHED } from '../../ops/acceptance/stress/profiles.ts'
import type { Result } from '../../ops/acceptance/stress/report/result.ts'
import { root } from '../../service/test/support/root.ts'
import { readPage } from '../pages.ts'

const page = readPage('stress.md')
const RESULTS = join(root, 'ops/acceptance/stress/results')

test('every command of docs/stress.md has options that there are, with values that are taken', () => {
  const commands = [...page.matchAll(/^npm run stress --((?:(?! {2}).)*)/gm)].map(([, line]) => line!.trim())
  expect(commands.length).toBeGreaterThan(5)
  for (const command of commands) expect(() => readOptions(command.split(/\s+/))).not.toThrow()
})

test('every option that docs/stress.md names is one of the help', () => {
  const named = [...page.matchAll(/`[^`\n]*`/g)].flatMap(([code]) => code.match(/(?<![-\w])--[a-z]+/g) ?? [])
  const others = ['--scope', '--cpus', '--memory']
  expect(named.filter(option => !HELP.includes(option) && !others.includes(option))).toEqual([])
})

test('the help fits 80 columns', () => {
  for (const line of HELP.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
})

test.each(Object.entries(PROFILES))(
  'docs/stress.md says how much %s is',
  (name, { workers, publishers, jobs }) => {
    const row = page.split('\n').find(line => line.startsWith(`| \`${name}\``))
    const [said = ''] = /\d.*/.exec(row?.slice(row.indexOf('|', 2)) ?? '') ?? []
    expect(said.replaceAll(',', '').match(/\d+/g)!.map(Number)).toEqual([workers, publishers, jobs])
  },
)

test('docs/stress.md gives the figures of the committed results, which passed', () => {
  for (const file of readdirSync(RESULTS).filter(name => name.endsWith('.json'))) {
    const { passed, buses } = JSON.parse(readFileSync(join(RESULTS, file), 'utf8')) as Result
    expect(passed).toBe(true)
    const row = page.split('\n').find(line => line.includes(`(\`${file}\`)`))
    expect(row).toContain(`| ${Math.round(buses[0]!.load!.jobsPerSecond)} |`)
  }
})

test('docs/stress.md names the published figures', () => {
  for (const { jobsPerSecond } of PUBLISHED) expect(page).toContain(`${jobsPerSecond}`)
})
