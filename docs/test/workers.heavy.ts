import { expect, test } from 'vitest'
import { venvWith } from '../../clients/python/test/venv.ts'
import { emptyProject } from '../../clients/typescript/test/support/package.ts'
import { follow } from './reader.ts'

const venv = await venvWith('2.1.2')
const reason = 'reason' in venv ? ` (skipped: ${venv.reason})` : ''

test.skipIf('reason' in venv)(`docs/workers.md works with its Python, too${reason}`, async () => {
  const project = await emptyProject()
  const equipment = { packages: project.dir, python: (venv as { bin: string }).bin, timeout: 60_000 }
  const printed = await follow('workers.md', equipment).finally(project.remove)
  expect(printed.split('\n').slice(0, 4)).toEqual([
    '"GOOD MORNING"',
    '"GOOD DAY"',
    '"GOOD EVENING"',
    '"GOOD NIGHT"',
  ])
})
