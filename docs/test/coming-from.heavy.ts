import { afterAll, expect, test } from 'vitest'
import { venvWith } from '../../clients/python/test/venv.ts'
import { emptyProject } from '../../clients/typescript/test/support/package.ts'
import { follow } from './reader.ts'

const venv = await venvWith('2.1.2')
const reason = 'reason' in venv ? venv.reason : null
const project = await emptyProject()
afterAll(project.remove)

test.skipIf(reason !== null)(
  `the programs of docs/coming-from.md do what they did before, those in Python too${reason === null ? '' : ` (skipped: ${reason})`}`,
  async () => {
    const python = 'bin' in venv ? venv.bin : ''
    const printed = await follow('coming-from.md', { python, packages: project.dir })
    expect(printed.split('\n')).toEqual([
      "fulfilled {'file': 'cat.png', 'width': 64}",
      '{ width: 64 }',
      'saved 3 files',
      '',
    ])
  },
)
