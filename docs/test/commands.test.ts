import { expect, test } from 'vitest'
import { CATALOGUE } from '../../service/errors.ts'
import { readPage } from '../pages.ts'
import { answersIn, follow } from './reader.ts'

const ID = expect.stringMatching(/^[0-9a-f]{32}$/)

test('the commands of docs/http.md work as they are pasted', async () => {
  const answers = answersIn(await follow('http.md'))
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
    [{ goal: 'resize' }, { goal: 'mail' }, { goal: 'mail' }],
    { ok: true, id: ID, status: 'dead' },
    { ok: true, id: ID, status: 'open' },
    { ok: true },
    { value: '2031-05-01' },
    { id: resized, payload: { file: 'cat.png' }, max_attempts: 5, worker_id: 'pi-1' },
    { ok: true, id: resized, status: 'dead' },
    [{ intent_id: resized, reason: 'Cancelled by admin' }],
    { intent_id: resized, payload: { file: 'cat.png' } },
    { intents: { open: 3, dead: 1 }, issued_keys: 2 },
    {
      keys: [
        { key_id: 2, owner: 'camera in the barn', open_intents: 0 },
        { key_id: 1, owner: 'curl' },
      ],
    },
    { key_id: 2, rate_limit: 600 },
    { key_id: 3, rate_limit: 600, replaces: { key_id: 2, replaced_by: 3 } },
    { on: false },
    { entries: [{ action: 'key_rotated', subject: '2', via: 'api' }] },
    { ok: true, fulfilled_deleted: 0 },
    { ok: true, revoked: true, open_intents: 0 },
    { ok: true, deleted: 0 },
    { items: [{ ok: true, id: resized, status: 'open' }] },
    [
      { goal: 'resize', status: 'open' },
      { id: resized, status: 'open', max_attempts: 5 },
    ],
  ])
})

test('docs/http.md names every error code, with its status', () => {
  const named = [...readPage('http.md').matchAll(/^\| (\d{3}) \| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap(
    ([, status, codes]) => codes!.match(/\w+/g)!.map(code => [code, Number(status)]),
  )
  const known = Object.entries(CATALOGUE).map(([code, { status }]) => [code, status] as const)
  expect(Object.fromEntries(named)).toEqual(Object.fromEntries(known))
})

test('the signed requests of docs/signatures.md are accepted', async () => {
  const answers = answersIn(await follow('signatures.md', { settings: { BUS_REQUIRE_SIGNATURES: 'true' } }))
  const { id } = answers[0] as { id: string }
  expect(answers).toMatchObject([
    { id: ID, status: 'published' },
    { id, status: 'open' },
    { id, claim_token: ID, payload: { name: 'Ada' } },
    { ok: true },
  ])
})

test('the workers of docs/shell-workers.md do their jobs', async () => {
  expect(answersIn(await follow('shell-workers.md'))).toMatchObject([
    { status: 'fulfilled', result_type: 'text', result: '"GOOD MORNING"' },
    { status: 'fulfilled', result_type: 'text', result: 'Hello, Zoë' },
    { status: 'fulfilled', result_type: 'json', result: { status: 200 } },
  ])
})
