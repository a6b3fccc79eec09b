import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A clone with no more in it than the package is made of. */
function clone(libraries: 'all' | 'none') {
  const dir = mkdtempSync(join(tmpdir(), 'bus-clone-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  for (const name of ['LICENSE', 'tsconfig.json'])
    cpSync(join(root, name), join(dir, name), { recursive: true })
  for (const name of ['build.js', 'package.json', 'src', 'tsconfig.build.json'])
    cpSync(join(root, 'clients/typescript', name), join(dir, 'clients/typescript', name), { recursive: true })
  if (libraries === 'all') symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  const client = join(dir, 'clients/typescript')
  return {
    dist: join(client, 'dist'),
    /** As npm does at the end of this command. */
    prepare(command: string) {
      const env = { ...process.env, npm_command: command }
      const { status, stderr } = spawnSync(process.execPath, ['build.js'], {
        cwd: client,
        env,
        encoding: 'utf8',
      })
      return { status, stderr }
    },
  }
}

test('after npm ci a program in the clone can import the client', async () => {
  const { dist, prepare } = clone('all')
  expect(prepare('ci')).toEqual({ status: 0, stderr: '' })
  expect(await import(join(dist, 'index.js'))).toMatchObject({ IntentBus: expect.any(Function) })
})

test('npm ci without development dependencies has no compiler, and ends well without the client', () => {
  const { dist, prepare } = clone('none')
  expect(prepare('ci')).toEqual({ status: 0, stderr: '' })
  expect(existsSync(dist)).toBe(false)
})

test('no package is made of nothing: npm pack fails without a compiler', () => {
  const { status, stderr } = clone('none').prepare('pack')
  expect(status).toBe(1)
  expect(stderr).toContain('typescript')
})
