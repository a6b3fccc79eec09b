import { expect, test } from 'vitest'
import { emptyProject } from '../../clients/typescript/test/support/package.ts'
import { readPage } from '../pages.ts'
import { follow } from './reader.ts'

test('in docs/long-poll-and-batches.md a claim waits, and many jobs are done in a few requests', async () => {
  const project = await emptyProject()
  const equipment = { packages: project.dir }
  const printed = await follow('long-poll-and-batches.md', equipment).finally(project.remove)
  expect(printed).toBe('"payload":"now"}\n[ 1, 4, 9 ]\n512\n')
})

test('the figures of docs/long-poll-and-batches.md are those of docs/performance.md', () => {
  const [, section] = readPage('long-poll-and-batches.md').split('\n## How fast is it?\n')
  const figures = [...section!.split('\n## ')[0]!.matchAll(/^\| .+ \| (?!Measured|---)(.+) \|$/gm)].map(
    match => match[1]!,
  )
  expect(figures.length).toBe(4)
  for (const figure of figures) expect(readPage('performance.md')).toContain(figure)
})
