import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readConfigurationPage, withTables } from '../docs-tables.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
]

test('the configuration page shows the variables as the code has them (else: npm run docs)', () => {
  const page = readConfigurationPage()
  expect(page).toBe(withTables(page))
})

describe.each(pages)('%s', page => {
  const text = readFileSync(join(root, page), 'utf8')

  test('links only to files that are there', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)/g)].map(
      match => match[1]!,
    )
    const broken = links.filter(link => !existsSync(join(root, dirname(page), link)))
    expect(broken).toEqual([])
  })

  test('names only source files that are there', () => {
    const named = [...text.matchAll(/`(service\/[\w./-]+\.(?:ts|sql))`/g)].map(match => match[1]!)
    expect(named.filter(path => !existsSync(join(root, path)))).toEqual([])
  })
})
