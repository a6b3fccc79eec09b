import { expect, test } from 'vitest'
import { venvWith } from '../../clients/python/test/venv.ts'
import { emptyProject } from '../../clients/typescript/test/support/package.ts'
import { follow } from './reader.ts'

const venv = await venvWith('2.1.2')
const reason = 'reason' in venv ? ` (skipped: ${venv.reason})` : ''

test.skipIf('reason' in venv)(`docs/publish.md works with its Python, too${reason}`, async () => {
  const project = await emptyProject()
  const equipment = { packages: project.dir, python: (venv as { bin: string }).bin, timeout: 60_000 }
  const printed = await follow('publish.md', equipment).finally(project.remove)
  const lines = printed.trimEnd().split('\n')
  expect(lines[3]).toMatch(/^[0-9a-f]{32}$/)
  expect(lines.slice(8, 10)).toEqual(['{ width: 64 }', "fulfilled {'width': 64}"])
})
