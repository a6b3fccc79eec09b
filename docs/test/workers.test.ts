import { expect, test } from 'vitest'
import { emptyProject } from '../../clients/typescript/test/support/package.ts'
import { follow } from './reader.ts'

const ID = expect.stringMatching(/^[0-9a-f]{32}$/)

test('the workers of docs/workers.md do the same job each in its way, and the page is right about what fails', async () => {
  const project = await emptyProject()
  const printed = await follow('workers.md', { packages: project.dir }).finally(project.remove)
  expect(printed.trimEnd().split('\n')).toEqual([
    ...['"GOOD MORNING"', '"GOOD DAY"', '"GOOD EVENING"'],
    ...['exit code 1', 'exit code 1'],
    ...[ID, ID],
    'swept: "yard"',
    expect.stringMatching(/^\{"ok":true,"id":"[0-9a-f]{32}"\}$/),
  ])
})
