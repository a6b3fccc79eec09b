/** The digest that is an image's tag: another when the image would be, and the same when not. */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../service/test/support/root.ts'
import { asRead } from '../components/hardened.ts'
import { digestOf, sourceFiles } from '../components/sources.ts'

test('the image of the bus is made from what its .dockerignore lets in', () => {
  const files = sourceFiles(root)
  for (const taken of [
    'LICENSE',
    'package-lock.json',
    'service/main.ts',
    'clients/cli/intent-bus.js',
    'ops/image/health.js',
  ]) {
    expect(files).toContain(taken)
  }
  const left = files.filter(path =>
    /^(docs|infra|grafana|service\/test|\.git|ops\/(?!image))\/|node_modules|\.md$/.test(path),
  )
  expect(left).toEqual([])
})

test('a source that is changed, added or made executable is another image; what is not in it, is not', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bus-sources-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  cpSync(join(root, '.dockerignore'), join(dir, '.dockerignore'))
  for (const folder of ['service', 'docs']) mkdirSync(join(dir, folder))
  writeFileSync(join(dir, 'service/main.ts'), 'one')
  const digest = (...said: string[]) => digestOf(dir, sourceFiles(dir), ...said)
  const digests = [digest()]
  const expectAnother = (what: string) => {
    const now = digest()
    expect(digests, what).not.toContain(now)
    digests.push(now)
  }

  writeFileSync(join(dir, 'service/main.ts'), 'two')
  expectAnother('changed')
  writeFileSync(join(dir, 'service/more.ts'), '')
  expectAnother('added')
  chmodSync(join(dir, 'service/more.ts'), 0o755)
  expectAnother('executable')
  expect(digest('BASE_IMAGE=another')).not.toBe(digest())

  writeFileSync(join(dir, 'docs/page.md'), 'a page')
  writeFileSync(join(dir, 'service/bus.log'), 'a log')
  expect(digest()).toBe(digests.at(-1))
})

test.each([
  ['1', '1.0'],
  ['2.0', '2.0'],
  ['0.5', '0.5'],
  ['0.25', '0.25'],
  ['10', '10.'],
  ['1.5', '1.5'],
  ['10.05', '10.05'],
])('%s cores are asked for as %s, which is how the provider reads them', (cpus, read) => {
  expect(asRead(cpus)).toBe(read)
})
