import { expect, test } from 'vitest'
import { emptyProject } from '../../clients/typescript/test/support/package.ts'
import { follow } from './reader.ts'

const ID = expect.stringMatching(/^[0-9a-f]{32}$/)

test('the commands and programs of docs/publish.md publish, wait, and publish once what has a key', async () => {
  const project = await emptyProject()
  const printed = await follow('publish.md', { packages: project.dir }).finally(project.remove)
  const lines = printed.trimEnd().split('\n')
  const [ada, bob] = lines.slice(12, 14)
  const [again, repeated] = lines.at(-1)!.split('}')
  expect(lines).toEqual([
    ID,
    expect.stringMatching(/^\{"id":"[0-9a-f]{32}","status":"published"/),
    ID,
    '{',
    '  "width": 64',
    '}',
    expect.stringContaining('"status":"fulfilled"'),
    '{ width: 64 }',
    ...[ID, ID, ID, ID],
    ...[ID, ID],
    expect.stringMatching(/^\{"intents":\[\{"id":.*\},\{"id":.*\}\]\}$/),
    ...[ada, bob, ID],
    expect.stringContaining('"status":"published"'),
  ])
  expect(again).toBe(repeated)
})
