import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { METRICS } from '../../service/metrics/catalogue.ts'
import { BusProcess } from '../../service/test/support/bus-process.ts'
import { root } from '../../service/test/support/root.ts'
import { readPage } from '../pages.ts'
import { MADE_PAGES, withTables } from '../tables.ts'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'clients/typescript/README.md',
  ...['docs', 'docs/decisions', 'docs/operations', 'docs/deploy', 'docs/reach'].flatMap(folder =>
    readdirSync(join(root, folder))
      .filter(name => name.endsWith('.md'))
      .map(name => `${folder}/${name}`),
  ),
]

test.each(MADE_PAGES)('docs/%s has its tables as the code has them (else: npm run docs)', page => {
  const text = readPage(page)
  expect(text).toBe(withTables(page, text))
})

test('the metrics that docs/metrics.md asks for are in the catalogue', () => {
  const asked = readPage('metrics.md').match(/intent_bus_\w+/g)!
  const known = new Set(METRICS.flatMap(({ name }) => [name, `${name}_bucket`]))
  expect(asked.filter(name => !known.has(name))).toEqual([])
})

test('the command at the top of docs/metrics.md reads the metrics as it stands there', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bus-docs-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const bus = new BusProcess(dir, { PORT: '0' })
  onTestFinished(() => bus.kill())
  const port = await bus.ready()
  const command = /^```sh\n(.*?)^```$/ms.exec(readPage('metrics.md'))![1]!
  const { stdout } = await promisify(execFile)(
    'sh',
    ['-euc', command.replace('localhost:8080', `localhost:${port}`)],
    // A proxy that the machine is set up for must not stand between curl and this machine.
    { cwd: dir, env: { PATH: process.env['PATH'] ?? '', NO_PROXY: 'localhost' } },
  )
  expect(stdout).toContain('# TYPE intent_bus_depth gauge\n')
})

/** As the headings of a page are linked to. */
const anchorsOf = (text: string) =>
  [...text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

test('the index of the docs leads to each page, or to the index of its folder', () => {
  const index = readPage('README.md')
  const left = pages
    .filter(page => page.startsWith('docs/') && page !== 'docs/README.md')
    .map(page => page.slice('docs/'.length))
    .filter(page => !/^(decisions|operations)\/(?!README)/.test(page) && !index.includes(`](${page})`))
  expect(left).toEqual([])
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

  test('links only to headings that are there', () => {
    for (const [link, file, anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)) {
      const target = file === '' ? text : readFileSync(join(root, dirname(page), file!), 'utf8')
      if (file === '' || file!.endsWith('.md')) expect(anchorsOf(target), link).toContain(anchor)
    }
  })

  test('names only source files that are there', () => {
    const named = [...text.matchAll(/`(service\/[\w./-]+\.(?:ts|sql))`/g)].map(match => match[1]!)
    expect(named.filter(path => !existsSync(join(root, path)))).toEqual([])
  })
})
