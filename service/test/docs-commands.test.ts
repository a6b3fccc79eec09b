import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { readPage } from '../docs-tables.ts'
import { CATALOGUE } from '../errors.ts'
import { RealBus } from './real-bus.ts'

/** The `sh` blocks of a page, pasted one after the other where a new bus runs. @returns the JSON that they printed, in order */
async function follow(page: string, settings: Record<string, string> = {}): Promise<unknown[]> {
  const dir = mkdtempSync(join(tmpdir(), 'bus-docs-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const bus = new RealBus(dir, { PORT: '0', ...settings })
  onTestFinished(() => bus.kill())
  const port = await bus.ready()

  const blocks = [...readPage(page).matchAll(/^```sh\n(.*?)^```$/gms)].map(match => match[1]!)
  expect(blocks.length).toBeGreaterThan(3)
  const script = blocks.join('\n').replaceAll('localhost:8080', `localhost:${port}`)
  const { stdout } = await promisify(execFile)(
    'sh',
    // What a block leaves running must not outlive a script that fails.
    ['-euc', `trap 'kill \${WORKER_PID:-} 2> /dev/null || :' EXIT\n${script}`],
    // A proxy that the machine is set up for must not stand between curl and this machine.
    { cwd: dir, env: { PATH: process.env['PATH'] ?? '', NO_PROXY: 'localhost' }, timeout: 25_000 },
  )
  return answersIn(stdout)
}

/** Answers end without a line break, so two calls in a row print `{…}{…}`. */
function answersIn(stdout: string): unknown[] {
  return stdout
    .replace(/(?<=[}\]])(?=[{[])/g, '\n')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}

const ID = expect.stringMatching(/^[0-9a-f]{32}$/)

test('the commands of docs/http.md work as they are pasted', async () => {
  const answers = await follow('http.md')
  const resized = (answers[0] as { id: string }).id
  expect(answers).toMatchObject([
    { id: ID, status: 'published', namespace: 'default' },
    { intents: [{ status: 'published' }, { status: 'published' }] },
    { ok: true, id: resized, extended_by: 120 },
    { ok: true, id: resized },
    {
      items: [
        { ok: true, id: ID },
        { ok: false, id: resized, error: { code: 'not_found' } },
      ],
    },
    { id: resized, status: 'fulfilled', result_type: 'json', result: { width: 64 } },
    { ok: true },
    { value: '2031-05-01' },
    { id: resized, payload: { file: 'cat.png' }, max_attempts: 5, worker_id: 'pi-1' },
    { ok: true, id: resized, status: 'dead' },
    [{ intent_id: resized, reason: 'Cancelled by admin' }],
    { intent_id: resized, payload: { file: 'cat.png' } },
    { intents: { open: 2, dead: 1 }, issued_keys: 1 },
    { keys: [{ key_id: 1, owner: 'camera in the barn', open_intents: 0 }] },
    { ok: true, fulfilled_deleted: 0 },
    { ok: true, revoked: true, open_intents: 0 },
    { ok: true, deleted: 0 },
    { items: [{ ok: true, id: resized, status: 'open' }] },
  ])
})

test('docs/http.md names every error code, with its status', () => {
  const named = [...readPage('http.md').matchAll(/^\| (\d{3}) \| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap(
    ([, status, codes]) => codes!.match(/\w+/g)!.map(code => [code, Number(status)]),
  )
  expect(Object.fromEntries(named)).toEqual(CATALOGUE)
})

test('the signed requests of docs/signatures.md are accepted', async () => {
  const answers = await follow('signatures.md', { BUS_REQUIRE_SIGNATURES: 'true' })
  const { id } = answers[0] as { id: string }
  expect(answers).toMatchObject([
    { id: ID, status: 'published' },
    { id, status: 'open' },
    { id, claim_token: ID, payload: { name: 'Ada' } },
    { ok: true },
  ])
})

test('the worker of docs/workers.md does a job, and says why it could not do another', async () => {
  const answers = await follow('workers.md')
  expect(answers).toMatchObject([
    { status: 'fulfilled', result_type: 'text', result: 'GOOD MORNING', claim_attempts: 1 },
    { status: 'dead', last_error: 'no text in the payload' },
    { status: 'published' },
    { goal: 'photo', target_worker: 'barn', required_capability: 'camera', payload: null },
    { status: 'published' },
    { goal: 'sweep', payload: 'yard' },
  ])
})
