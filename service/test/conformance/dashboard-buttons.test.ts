import { beforeEach, describe, expect, test } from 'vitest'
import { FormTokens } from '../../dashboard/csrf.ts'
import { basic, busForFile, busForTest, PASSWORD, type TestBus } from '../support/bus.ts'
import { type Answer, Client, type Headings, refusal } from '../support/client.ts'

const HOME = '/admin/dashboard'
const FORM = 'application/x-www-form-urlencoded'

const bus = await busForFile()
const { master, admin } = bus

beforeEach(async () => {
  await admin.post('/admin/purge', { confirm: true })
})

const browserOf = (of: TestBus) => new Client(of.url, basic('admin', PASSWORD))
const browser = browserOf(bus)

type Form = { action: string; token: string }

/** The forms of the page as a browser finds them. */
async function forms(of = bus): Promise<Form[]> {
  const { text } = await browserOf(of).get(HOME)
  const found = /<form method="post" action="([^"]+)"><input type="hidden" name="token" value="([^"]+)">/g
  return [...text.matchAll(found)].map(([, action, token]) => ({ action: action!, token: token! }))
}

async function formFor(verb: 'retry' | 'cancel', id: string): Promise<Form> {
  const form = (await forms()).find(each => each.action === `${HOME}/intents/${id}/${verb}`)
  if (form === undefined) throw new Error(`no button to ${verb} ${id}`)
  return form
}

/** As Chrome sends our own forms: the referrer policy makes the origin `null`. */
const OURS = { 'content-type': FORM, origin: 'null', 'sec-fetch-site': 'same-origin' }

function press({ action, token }: Form, headers: Headings = OURS, on = browser): Promise<Answer> {
  return on.post(action, `${new URLSearchParams({ token })}`, headers)
}

async function deadLetter(): Promise<string> {
  const claim = await master.claimed({ max_attempts: 1 })
  await master.fail(claim)
  return claim.id
}

test('Cancel makes an intent a dead letter, and leads back to a page that says so', async () => {
  const id = await master.publish()
  const answer = await press(await formFor('cancel', id))
  expect([answer.status, answer.headers.get('location')]).toEqual([303, `${HOME}?done=cancelled`])
  expect(await master.status(id)).toMatchObject({ status: 'dead' })
  expect((await browser.get(`${HOME}?done=cancelled`)).text).toContain(
    '<p class="notice" role="status">Cancelled',
  )
})

test('Retry opens a dead letter again, with all its attempts', async () => {
  const id = await deadLetter()
  const answer = await press(await formFor('retry', id))
  expect([answer.status, answer.headers.get('location')]).toEqual([303, `${HOME}?done=retried`])
  expect(await master.status(id)).toMatchObject({ status: 'open', claim_attempts: 0 })
})

test('each intent has the button that can do something, and a fulfilled one none', async () => {
  const open = await master.publish({ namespace: 'a' })
  const { id: claimed } = await master.claimed({ namespace: 'b' })
  const dead = await deadLetter()
  await master.fulfil(await master.claimed({ namespace: 'c' }))
  const actions = new Set((await forms()).map(({ action }) => action.replace(`${HOME}/intents/`, '')))
  expect(actions).toEqual(new Set([`${open}/cancel`, `${claimed}/cancel`, `${dead}/retry`]))
})

test('a button whose intent has moved on does nothing, and the page says so', async () => {
  const form = await formFor('retry', await deadLetter())
  await press(form)
  const answer = await press(form)
  expect([answer.status, answer.headers.get('location')]).toEqual([303, `${HOME}?done=gone`])
  expect((await browser.get(`${HOME}?done=gone`)).text).toContain('Nothing was done')
})

test('a button works for 12 hours, and across a restart', async () => {
  const patient = await busForTest({ BUS_CLEANUP_INTERVAL_SECONDS: '86400' })
  const id = await patient.master.publish()
  const [form] = await forms(patient)
  await patient.clock.advance(12 * 3_600_000)
  await patient.restart()
  expect((await press(form!, OURS, browserOf(patient))).status).toBe(303)
  expect(await patient.master.status(id)).toMatchObject({ status: 'dead' })
})

describe('a form that is not from a page of ours is refused, and does nothing', () => {
  let id = ''
  let form: Form

  beforeEach(async () => {
    id = await master.publish()
    form = await formFor('cancel', id)
  })

  const refused = async (answer: Promise<Answer>) => {
    expect(refusal(await answer)).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await master.status(id)).toMatchObject({ status: 'open' })
  }

  test.each([
    ['without a token', ''],
    ['with one made up', `${Date.now()}.AAAA`],
    ['with one signed by another secret', new FormTokens('').issue('cancel', 0)],
  ])('%s', (_how, token) => refused(press({ ...form, token })))

  test('with a token of another intent', async () => {
    const other = await formFor('cancel', await master.publish())
    await refused(press({ ...form, token: other.token }))
  })

  test('with a token of another button', async () => {
    const retry = form.action.replace('/cancel', '/retry')
    await refused(press({ ...form, action: retry }))
  })

  test('with a token whose time was changed', async () => {
    const [stamp, mac] = form.token.split('.')
    await refused(press({ ...form, token: `${Number(stamp) + 1}.${mac}` }))
  })

  test.each([
    ['sent from another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['sent from a neighbour of the same domain', { 'sec-fetch-site': 'same-site' }],
    ['sent by an older browser from another site', { origin: 'https://evil.example' }],
  ])('%s, even with a good token', (_how, headers) =>
    refused(press(form, { 'content-type': FORM, ...headers })),
  )

  test('without a body', () => refused(browser.post(form.action, undefined, OURS)))
})

test('a button is refused once it is older than 12 hours', async () => {
  const patient = await busForTest({ BUS_CLEANUP_INTERVAL_SECONDS: '86400' })
  const id = await patient.master.publish()
  const [form] = await forms(patient)
  await patient.clock.advance(12 * 3_600_000 + 1)
  expect(refusal(await press(form!, OURS, browserOf(patient)))).toMatchObject({ status: 403 })
  expect(await patient.master.status(id)).toMatchObject({ status: 'open' })
})

test.each([
  ['a browser that sends neither', {}],
  ['an older browser', { origin: 'null' }],
  ['a browser that names our origin', { origin: bus.url }],
])('the token alone decides for %s', async (_who, headers) => {
  const id = await master.publish()
  expect((await press(await formFor('cancel', id), { 'content-type': FORM, ...headers })).status).toBe(303)
})

test.each(['retry', 'cancel'])('there is no button to %s what cannot be an intent', async action => {
  const answer = await press({ action: `${HOME}/intents/none/${action}`, token: '' })
  expect(refusal(answer)).toMatchObject({ status: 404, code: 'not_found' })
})

test('the credentials are asked for here too', async () => {
  const id = await master.publish()
  const answer = await press(await formFor('cancel', id), OURS, bus.nobody)
  expect(refusal(answer)).toMatchObject({ status: 401 })
  expect(await master.status(id)).toMatchObject({ status: 'open' })
})

test('an admin secret that is empty signs no forms', async () => {
  const open = await busForTest({ BUS_ADMIN_SECRET: '' })
  const id = await open.master.publish()
  const token = new FormTokens('').issue(`cancel ${id}`, open.clock.now())
  const answer = await press({ action: `${HOME}/intents/${id}/cancel`, token }, OURS, browserOf(open))
  expect(refusal(answer)).toMatchObject({ status: 403 })
})
