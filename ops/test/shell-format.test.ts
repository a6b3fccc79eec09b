import { expect, test } from 'vitest'
import { laidOut, shellScripts } from '../shell-format.ts'

test('all shell scripts are found, by name or by their first line', () => {
  expect(shellScripts()).toEqual(
    expect.arrayContaining(['.ci/run', 'ops/termux/bootstrap.sh', 'ops/termux/intent-bus-phone']),
  )
})

test.each(shellScripts())('%s is laid out as shfmt does (npm run format mends it)', async name => {
  const { is, should } = await laidOut(name)
  expect(is).toBe(should)
})
