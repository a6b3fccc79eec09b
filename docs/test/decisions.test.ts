import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../service/test/support/root.ts'
import { pathOf, readPage } from '../pages.ts'

const PARTS = ['Decision', 'Why', 'Measured', 'What would change it']

const names = readdirSync(pathOf('decisions')).filter(name => name !== 'README.md')

const headingsOf = (text: string): string[] => Array.from(text.matchAll(/^## (.*)$/gm), ([, title]) => title!)

/** Files and folders of the project that a page names in backticks. */
const filesIn = (text: string): string[] =>
  Array.from(text.matchAll(/`((?:service|infra|ops|grafana|clients|docs)\/[\w./-]*)`/g), ([, path]) => path!)

test.each(names)('docs/decisions/%s has the four parts, and stands in the table', name => {
  expect(headingsOf(readPage(`decisions/${name}`))).toEqual(PARTS)
  expect(readPage('decisions/README.md')).toContain(`](${name}) |`)
})

test('the path of an intent has as many stops, and names as many files for them, as it says', () => {
  const page = readPage('path-of-an-intent.md')
  const [, stops, files] = /in (\d+) stops and (\d+) files/.exec(page) ?? []
  const onTheWay = page.slice(page.indexOf('\n## 1.'), page.indexOf('\n## And back'))
  expect(headingsOf(onTheWay)).toHaveLength(Number(stops))
  expect(new Set(filesIn(onTheWay).filter(file => file.endsWith('.ts'))).size).toBe(Number(files))
})

test.each([...names.map(name => `decisions/${name}`), 'path-of-an-intent.md', '../CONTRIBUTING.md'])(
  'every file that docs/%s names is there',
  page => {
    const files = filesIn(readPage(page))
    expect(files.length).toBeGreaterThan(0)
    expect(files.filter(file => !existsSync(join(root, file)))).toEqual([])
  },
)
