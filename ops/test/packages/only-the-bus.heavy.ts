import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../../service/test/support/root.ts'
import { userIn } from './npm.ts'

/** What the page has an operator type who has a Node of their own. */
const LINE = /^sudo (npm ci .*--omit=dev.*)$/m.exec(
  readFileSync(join(root, 'docs/on-a-server.md'), 'utf8'),
)![1]!

const MOST_BYTES = 80e6

const bytesIn = (dir: string): number =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)

test('the line for who only runs the bus installs at most 80 MB, and the bus runs from it', async () => {
  const place = mkdtempSync(join(tmpdir(), 'bus-only-'))
  onTestFinished(() => rmSync(place, { recursive: true, force: true }))
  const clone = join(place, 'clone')
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0')
  for (const path of files.filter(path => path !== '')) {
    mkdirSync(dirname(join(clone, path)), { recursive: true })
    cpSync(join(root, path), join(clone, path), { recursive: true, verbatimSymlinks: true })
  }
  const { env, offline } = userIn(place)
  const [npm, ...args] = LINE.split(' ')
  expect(npm).toBe('npm')
  await offline(clone, ...args)
  expect(bytesIn(join(clone, 'node_modules'))).toBeLessThan(MOST_BYTES)
  const version = execFileSync('npx', ['intent-bus', '--version'], { cwd: clone, env, encoding: 'utf8' })
  expect(version.trim()).toBe(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version)
  // Its settings are read, and what is wrong with one is said: everything that it imports is there.
  const { status, stderr } = started(clone, { ...env, PORT: 'eighty' })
  expect([status, stderr]).toEqual([1, expect.stringMatching(/PORT.*eighty/)])
})

function started(cwd: string, env: Record<string, string>): { status: number | null; stderr: string } {
  try {
    execFileSync('npm', ['start', '--silent'], { cwd, env, stdio: 'pipe' })
    return { status: 0, stderr: '' }
  } catch (error) {
    const { status, stderr } = error as { status: number | null; stderr: Buffer }
    return { status, stderr: String(stderr) }
  }
}
