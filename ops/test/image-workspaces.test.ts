import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../service/test/support/root.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
type Package = { name: string; workspaces?: string[]; dependencies?: Record<string, string> }
const packageIn = (folder: string) => JSON.parse(read(join(folder, 'package.json'))) as Package

const folders = new Map(packageIn('.').workspaces!.map(folder => [packageIn(folder).name, folder]))

/** The workspace with that name, and those that it needs at run time. */
function needed(name: string, found = new Set<string>()): Set<string> {
  const folder = folders.get(name)
  if (folder === undefined || found.has(folder)) return found
  found.add(folder)
  for (const each of Object.keys(packageIn(folder).dependencies ?? {})) needed(each, found)
  return found
}

test('the image installs what the bus and the command in it need of the workspaces, and no other', () => {
  const copied = [...read('Dockerfile').matchAll(/^COPY (\S+)\/package\.json \S+\/$/gm)].map(
    ([, path]) => path!,
  )
  expect(copied.sort()).toEqual([...needed('intent-bus')].sort())
})

test('what the image copies is among what Docker may see', () => {
  const seen = read('.dockerignore').split('\n')
  const hidden = [...needed('intent-bus')].filter(
    folder => !seen.includes(`!${folder}`) && !seen.includes(`!${folder}/package.json`),
  )
  expect(hidden).toEqual([])
})
