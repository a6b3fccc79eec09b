import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { typed } from '../../service/test/support/typed.ts'

const shell = { cwd: tmpdir(), env: { PATH: process.env['PATH'] } }

test('commands that take too long are said to have timed out, with what they had printed', async () => {
  const slow = typed('echo begun; echo oh >&2; exec sleep 60', shell, 1000)
  await expect(slow).rejects.toThrow(
    /^timed out: .* after 1 s\.\nThey had printed:\nbegun\n\nand as errors:\noh\n/,
  )
})

test('a command that fails is not said to have timed out', async () => {
  await expect(typed('echo no >&2; exit 3', shell)).rejects.toThrow(/^Command failed/)
})
