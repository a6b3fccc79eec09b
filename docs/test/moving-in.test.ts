import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { ALICE, OLD_MASTER, ReferenceFile } from '../../service/test/import/reference-file.ts'
import { BusProcess } from '../../service/test/support/bus-process.ts'
import { root } from '../../service/test/support/root.ts'
import { blocksOf } from './reader.ts'

/** The bus is started in the midst of the page, so nobody has started one before. */
test('the commands of docs/moving-in.md move a reference server in, as they are typed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bus-docs-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const file = new ReferenceFile(join(dir, 'infrastructure.db'))
  file.key(ALICE)
  file.intent({ publisher: ALICE })
  file.intent({ status: 'fulfilled', completed_at: file.now })
  file.letter(file.intent({ status: 'dead', failed_at: file.now }))
  file.close()

  const blocks = blocksOf('moving-in.md')
  const look = blocks.findIndex(({ text }) => text.includes('doctor'))
  const type = async (texts: string[], port = 0) => {
    mkdirSync(join(dir, 'home'), { recursive: true })
    const script = texts.join('\n').replaceAll('localhost:8080', `localhost:${port}`)
    const { stdout } = await promisify(execFile)('sh', ['-euc', script], {
      cwd: dir,
      env: {
        PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
        HOME: join(dir, 'home'),
        NO_PROXY: 'localhost',
        BUS_SECRET: OLD_MASTER,
        PORT: `${port}`,
      },
    })
    return stdout
  }
  const moved = await type(blocks.slice(0, look).map(({ text }) => text))
  expect(moved.match(/^intents +3 +3 +0 +0 +0$/gm)).toHaveLength(2)

  const bus = new BusProcess(dir, { PORT: '0', BUS_SECRET: OLD_MASTER })
  onTestFinished(() => bus.kill())
  const looked = await type(
    blocks.slice(look).map(({ text }) => text),
    await bus.ready(),
  )
  const [overview, ...checks] = looked.trimEnd().split('\n').reverse()
  expect(checks.every(line => line.startsWith('✓'))).toBe(true)
  expect(JSON.parse(overview!)).toMatchObject({
    intents: { open: 1, claimed: 0, fulfilled: 1, dead: 1 },
    issued_keys: 1,
  })
})
