import { expect, test } from 'vitest'
import { emptyProject } from '../../clients/typescript/test/support/package.ts'
import { follow } from './reader.ts'

test('in docs/at-least-once.md the careless worker pays twice, and what is done with care is there once', async () => {
  const project = await emptyProject()
  const printed = await follow('at-least-once.md', { packages: project.dir }).finally(project.remove)
  const [careless, careful, id, ...lines] = printed.trimEnd().split('\n')
  expect([Number(careless), Number(careful)]).toEqual([2, 1])
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(lines.map(line => line.trim())).toEqual([
    ...[id, 'exit code 6'],
    ...['{', '"charges": 1', '}', 'exit code 7'],
    ...['letter sent', 'letter sent', '1'],
  ])
})
