import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BusProcess } from '../../service/test/support/bus-process.ts'
import { Client } from '../../service/test/support/client.ts'
import { root } from '../../service/test/support/root.ts'

const MASTER = 'master-key-of-the-requests'
const dir = mkdtempSync(join(tmpdir(), 'bus-requests-'))
const bus = new BusProcess(dir, { PORT: '0', BUS_SECRET: MASTER })
let client: Client

beforeAll(async () => {
  client = new Client(`http://127.0.0.1:${await bus.ready()}`, { 'x-api-key': MASTER })
})
afterAll(async () => {
  await bus.kill()
  rmSync(dir, { recursive: true, force: true })
})

const pages = globSync('{*.md,{docs,clients,infra,ops}/**/*.md}', {
  cwd: root,
  exclude: path => path === 'node_modules',
})

/** Each intent that stands as JSON in a block of the page, with something in the place of what printf puts in. */
function intentsOf(page: string): string[] {
  const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/^```[^\n]*\n(.*?)^```$/gms)]
  const text = blocks.map(([, block]) => block).join('\n')
  return [...text.matchAll(/\{"goal": /g)].map(({ index }) =>
    wholeObject(text.slice(index)).replace('%s', '1'),
  )
}

/** @returns the text up to the brace that closes its first one; no text in these pages holds a brace */
function wholeObject(text: string): string {
  let depth = 0
  const end = [...text].findIndex(each => {
    depth += each === '{' ? 1 : each === '}' ? -1 : 0
    return depth === 0
  })
  return text.slice(0, end + 1)
}

const shown = pages.flatMap(page => intentsOf(page).map(intent => [page, intent] as const))

test('the pages show intents in JSON', () => {
  expect(shown.length).toBeGreaterThan(15)
})

test.each(shown)('%s publishes %s, and the bus takes it', async (_page, intent) => {
  expect(await client.post('/intent', JSON.parse(intent))).toMatchObject({ status: 201 })
})
