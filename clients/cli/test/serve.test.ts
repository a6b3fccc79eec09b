import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { emptyDir, start } from './support/run.ts'

test('serve runs a bus until it is told to stop, and commands beside it find it on whatever port', async () => {
  const cwd = emptyDir()
  const bus = start(['serve', '--port', '0', '--db', join(cwd, 'mine/bus.db')], { cwd })
  while (!bus.out().includes('is ready')) {
    expect(bus.child.exitCode, bus.out() + bus.err()).toBeNull()
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  const env = { BUS_DB_PATH: join(cwd, 'mine/bus.db') }
  expect((await start(['publish', 'greet', '1'], { cwd, env }).ended).code).toBe(0)
  bus.child.kill('SIGTERM')
  expect((await bus.ended).code).toBe(0)
  expect(existsSync(join(cwd, 'mine/bus.db'))).toBe(true)
})

test('serve runs on when the program that reads its log has ended', async () => {
  const cwd = emptyDir()
  const bus = start(['serve', '--port', '0'], { cwd, env: { LOG_LEVEL: 'debug' } })
  while (!bus.out().includes('is ready')) await new Promise(resolve => setTimeout(resolve, 20))
  bus.child.stdout!.destroy()
  for (let i = 0; i < 3; i += 1) expect((await start(['publish', 'greet', '1'], { cwd }).ended).code).toBe(0)
  bus.child.kill('SIGTERM')
  expect((await bus.ended).code).toBe(0)
})

test('serve says what is wrong with a setting, as the bus does', async () => {
  const { code, err } = await start(['serve', '--port', 'eighty']).ended
  expect([code, err]).toEqual([1, expect.stringMatching(/PORT.*eighty/)])
})
