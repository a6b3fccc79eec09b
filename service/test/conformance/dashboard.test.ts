import { hash, randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { basic, busForFile, busForTest, PASSWORD } from '../support/bus.ts'
import { Client, refusal } from '../support/client.ts'

const HOME = '/admin/dashboard'

const bus = await busForFile()
const { master, admin, nobody } = bus
const browser = new Client(bus.url, basic('admin', PASSWORD))

beforeEach(async () => {
  await admin.post('/admin/purge', { confirm: true })
})

const page = async (query = '') => (await browser.get(HOME + query)).text

/** One of the page's sections, by its heading. */
async function section(title: string): Promise<string> {
  const sections = (await page()).split('<section>').slice(1)
  return sections.find(text => text.startsWith(`<h2>${title}`))!
}

const rows = (text: string): number => text.split('<tr>').length - 2

describe('who may see it', () => {
  test('nobody without credentials: 401, and the browser asks for them', async () => {
    for (const client of [nobody, master, new Client(bus.url, basic('admin', 'wrong'))]) {
      const answer = await client.get(HOME)
      expect(refusal(answer)).toMatchObject({ status: 401, code: 'unauthorized' })
      expect(answer.text).toContain('Authentication required')
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
    }
  })

  test('an admin, with the password or the token', async () => {
    for (const client of [browser, admin]) {
      const answer = await client.get(HOME)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    }
  })
})

test('an empty bus shows zeros, and says what will stand where', async () => {
  const empty = await busForTest()
  const { text } = await empty.admin.get(HOME)
  for (const state of ['open', 'claimed', 'fulfilled', 'dead']) {
    expect(text).toContain(`<dt>${state}</dt><dd class="${state}">0</dd>`)
  }
  expect(text).not.toContain('<table')
  expect(text).toContain('None. Publish one with POST /intent.')
})

test('the counts are those of all namespaces, and each namespace has a line', async () => {
  await master.publish({ namespace: 'mail' })
  await master.publish({ delay: 60 })
  await master.claimed({ namespace: 'photos' })
  await master.fulfil(await master.claimed())
  await master.fail(await master.claimed({ max_attempts: 1 }))
  const text = await page()
  for (const [state, count] of Object.entries({ open: 2, claimed: 1, fulfilled: 1, dead: 1 })) {
    expect(text).toContain(`<dt>${state}</dt><dd class="${state}">${count}</dd>`)
  }
  expect(rows(await section('Namespaces'))).toBe(3)
})

test('a dead letter shows its goal, reason, attempts and when it died', async () => {
  const claim = await master.claimed({ goal: 'send-mail', namespace: 'mail', max_attempts: 1 })
  await master.fail(claim, { error: 'mailbox unavailable' })
  const died = new Date(bus.clock.now()).toISOString()
  await bus.clock.advance(180_000)

  const letters = await section('Dead letters')
  for (const shown of ['send-mail', 'mail', 'mailbox unavailable', claim.id]) {
    expect(letters).toContain(shown)
  }
  const exact = `${died.slice(0, 19).replace('T', ' ')} UTC`
  expect(letters).toContain(`<time datetime="${died}" title="${exact}">3 min ago</time>`)
})

test('a recent intent shows its state, and what happens to it next', async () => {
  await master.publish({ goal: 'later', delay: 7200 })
  await master.publish({ goal: 'now', priority: 900 })
  await master.claim('', { 'x-worker-id': 'pi-shed' })
  const recent = await section('Recent intents')
  expect(recent).toMatch(/due <time[^>]*>in 2 h</)
  expect(recent).toMatch(/by <bdi>pi-shed<\/bdi>.*lease ends <time[^>]*>in 60 s</)
  expect(recent).toContain('priority 900')
  expect(recent.indexOf('>now<')).toBeLessThan(recent.indexOf('>later<'))
})

describe('the page of one intent', () => {
  const pageOf = async (id: string) => (await browser.get(`${HOME}/intents/${id}`)).text

  test('is where its id leads, and shows all that is known of it', async () => {
    const claim = await master.claimed({
      goal: 'send-mail',
      namespace: 'mail',
      max_attempts: 1,
      payload: { to: 'Ada' },
    })
    await master.fail(claim, { error: 'mailbox unavailable' })
    expect(await section('Dead letters')).toContain(`href="${HOME}/intents/${claim.id}"`)
    const text = await pageOf(claim.id)
    for (const shown of [claim.id, 'send-mail', 'mail', 'mailbox unavailable', '1 of 1']) {
      expect(text).toContain(shown)
    }
    expect(text).toContain('<pre><bdi>{\n  &quot;to&quot;: &quot;Ada&quot;\n}</bdi></pre>')
    expect(text).toContain('<button aria-label="Retry send-mail">')
  })

  test('shows numbers of a payload and of a result as they were written', async () => {
    const { id, claim_token } = await master.claimed({ payload: 0 })
    await master.post(
      `/fulfill/${id}`,
      `{"claim_token":"${claim_token}","result":[12345678901234567890,1.0]}`,
    )
    expect(await pageOf(id)).toContain('<pre><bdi>[\n  12345678901234567890,\n  1.0\n]</bdi></pre>')
  })

  test('shows a result that is a text as it is', async () => {
    const claim = await master.claimed()
    await master.fulfil(claim, { result: '<b>done</b>', result_type: 'text' })
    expect(await pageOf(claim.id)).toContain('<pre><bdi>&lt;b&gt;done&lt;/b&gt;</bdi></pre>')
  })

  test('its button does what it says, and one that is done has none', async () => {
    const id = await master.publish()
    const text = await pageOf(id)
    const token = /name="token" value="([^"]+)"/.exec(text)![1]!
    const pressed = await fetch(`${bus.url}${HOME}/intents/${id}/cancel`, {
      method: 'POST',
      redirect: 'manual',
      headers: { ...basic('admin', PASSWORD), 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token }),
    })
    expect(pressed.status).toBe(303)
    expect(await master.status(id)).toMatchObject({ status: 'dead' })
    const claim = await master.claimed()
    await master.fulfil(claim)
    expect(await pageOf(claim.id)).not.toContain('<button')
  })

  test.each(['0'.repeat(32), 'x', '..'])('there is none of %s: 404', async id => {
    expect((await browser.get(`${HOME}/intents/${encodeURIComponent(id)}`)).status).toBe(404)
  })
})

test.each(['/admin', '/dashboard'])('%s leads to the page', async path => {
  const answer = await fetch(bus.url + path, { redirect: 'manual' })
  expect([answer.status, answer.headers.get('location')]).toEqual([302, HOME])
})

test('an API key shows as its first characters and its owner', async () => {
  const { key } = await bus.issue('Ada')
  const text = await page()
  expect(text).toContain(`<code>${key.slice(0, 7)}…</code>`)
  expect(text).toContain('>Ada<')
  expect(text).not.toContain(key.slice(0, 12))
})

test('however much is kept, the page shows the newest 50 and says so', async () => {
  for (let i = 0; i < 55; i += 1) {
    const id = await master.publish({ goal: `goal-${i}` })
    await admin.post(`/admin/intents/${id}/cancel`)
  }
  const letters = await section('Dead letters')
  expect(letters).toContain('the newest 50 of 55')
  expect(rows(letters)).toBe(50)
  expect(letters).toContain('goal-54')
  expect(letters).not.toContain('>goal-4<')
  expect(rows(await section('Recent intents'))).toBe(50)
})

test('namespaces beyond 50 are left out, the busiest are not', async () => {
  for (let i = 0; i < 52; i += 1) await master.publish({ namespace: `n${i}` })
  await master.publish({ namespace: 'busy' })
  await master.publish({ namespace: 'busy' })
  const namespaces = await section('Namespaces')
  expect(namespaces).toContain('the 50 busiest of 53')
  expect(rows(namespaces)).toBe(50)
  expect(namespaces).toContain('busy')
})

test.each([
  '<script>alert(1)</script>',
  `"><img src=x onerror='alert(1)'>`,
  '</style><style>body{display:none}',
  '&lt;b&gt;',
])('what others wrote is shown as they wrote it, and does nothing: %s', async text => {
  const claim = await master.claimed({ goal: text, max_attempts: 1 })
  await master.fail(claim, { error: text })
  // One of its own: a bus elsewhere has those of earlier runs, too.
  const suffix = randomUUID()
  await bus.issue(text + suffix)
  const shown = await page()
  expect(shown).not.toContain(text)
  const escaped = text.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`)
  const numeric = shown.replace(/&(amp|lt|gt|quot|#39);/g, (_whole, name: string) => {
    const char = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }[name]!
    return `&#${char.charCodeAt(0)};`
  })
  // Goal and error in both tables, and the owner.
  expect(numeric.split(`<bdi>${escaped}</bdi>`).length - 1).toBe(4)
  expect(numeric.split(`<bdi>${escaped}${suffix}</bdi>`).length - 1).toBe(1)
})

test('a long goal or error is folded, and there in full', async () => {
  const long = `${'🐛'.repeat(90)} the end of it ${'x'.repeat(60)}`
  await master.publish({ goal: long })
  const text = await page()
  expect(text).toContain(
    `<details><summary><bdi>${'🐛'.repeat(80)}…</bdi></summary><bdi>${long}</bdi></details>`,
  )
})

describe('what the browser may do with it', () => {
  test('nothing is loaded or run: the policy admits the page’s own style by its hash, and forms to itself', async () => {
    const { headers, text } = await browser.get(HOME)
    const style = /<style>([\s\S]*?)<\/style>/.exec(text)![1]!
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none';style-src 'sha256-" +
        `${hash('sha256', style, 'base64')}';form-action 'self';frame-ancestors 'none';base-uri 'none'`,
    )
    expect(text).not.toMatch(/<(script|link|img|iframe)|<[^>]* (style|src|on\w+)=|<[^>]*https?:/)
  })

  test('it is not kept, framed or told elsewhere', async () => {
    const { headers } = await browser.get(HOME)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.has('strict-transport-security')).toBe(false)
  })

  test('a bus that insists on HTTPS tells the browser to', async () => {
    const strict = await busForTest({ BUS_ENFORCE_HTTPS: 'true' })
    const { headers } = await strict.admin.get(HOME)
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
  })
})

test('a notice that somebody made up is not shown', async () => {
  for (const query of ['?done=<b>hacked</b>', '?done=toString', '?done=retried&done=gone']) {
    expect(await page(query)).not.toContain('role="status"')
  }
})
