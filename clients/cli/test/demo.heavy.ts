import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the demo shows what it says, and nothing is lost', async () => {
  const demo = fileURLToPath(new URL('../demo/demo.ts', import.meta.url))
  const env = { PATH: process.env['PATH'] ?? '', BUS_URL: 'http://not-for-the-demo', BUS_SECRET: 'nor-this' }
  const { stdout } = await promisify(execFile)(process.execPath, [demo], { env })
  expect(stdout).toContain('"GOOD MORNING"')
  expect(stdout).toContain('worked at attempt 2')
  expect(stdout).toContain('no paper in the printer')
  expect(stdout).toMatch(/2000 of 2000 fulfilled, .* 0 lost/)
})
