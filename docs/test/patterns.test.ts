import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkTypes, emptyProject } from '../../clients/typescript/test/support/package.ts'
import { blocksOf, follow } from './reader.ts'

const project = await emptyProject()
afterAll(project.remove)

const id = expect.stringMatching(/^[0-9a-f]{32}$/)
const like = (pattern: RegExp) => expect.stringMatching(pattern)

test('the programs of docs/patterns.md are right in their types', async () => {
  for (const { name, text } of blocksOf('patterns.md')) {
    if (name !== undefined) writeFileSync(join(project.dir, name), text)
  }
  await checkTypes(project)
})

test('what docs/patterns.md shows does what it says', async () => {
  const printed = await follow('patterns.md', { packages: project.dir })
  const lines = printed.trimEnd().split('\n')
  // How often the bar is drawn meanwhile is a matter of luck.
  const bar = lines.filter(line => /^[█░]{20} /.test(line))
  expect(bar.at(-1)).toBe('████████████████████ frame 4 of 4')
  expect(lines.filter(line => !bar.includes(line))).toEqual([
    '"IS ANYBODY THERE?"',
    ...['8 words', '8 words'],
    'stored "THE PAGE"',
    ...[id, id],
    ...[like(/^id/), like(/^status +open$/), like(/^goal +remind$/), like(/^namespace/), like(/^priority/)],
    ...[like(/^attempts +0$/), like(/^due +in 5 min$/), like(/^publisher +tk_\S+ ?\(patterns\)$/)],
    like(/^for +a worker with the key tk_\S+ ?\(patterns\), in the namespace default$/),
    ...[id, id, '"a boarding pass"', '"the yearbook"'],
    '"a flyer"',
    ...[id, id, 'nothing for me: 7'],
    ...['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3'],
    'ended with 1',
    ...['id', 'goal', 'namespace', 'publisher', 'visibility', 'attempts', 'worker', 'died'].map(field =>
      like(new RegExp(`^${field} `)),
    ),
    ...[like(/^reason +a comma in the price$/), like(/^last error +a comma in the price$/)],
    ...[like(/^payload +"4,50"$/), 'Opened again: 1.', '"4.50"'],
    '4711',
    '1000000 bytes',
    '3 are told',
    'mail: {"number":17,"euros":5}',
    'stock: {"number":17,"euros":5}',
  ])
  const [first, second] = lines.slice(lines.indexOf('stored "THE PAGE"') + 1)
  expect(second).toBe(first)
})
