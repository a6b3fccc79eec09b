import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkTypes, emptyProject } from '../../clients/typescript/test/support/package.ts'
import { blocksOf, follow } from './reader.ts'

const project = await emptyProject()
afterAll(project.remove)

test('the TypeScript of docs/coming-from.md is right in its types', async () => {
  for (const { name, language, text } of blocksOf('coming-from.md')) {
    if (language === 'ts') writeFileSync(join(project.dir, name!), text)
  }
  await checkTypes(project)
})

test('the programs of docs/coming-from.md do what they did before', async () => {
  const printed = await follow('coming-from.md', { packages: project.dir })
  expect(printed.split('\n')).toEqual(['{ width: 64 }', 'saved 3 files', ''])
})
