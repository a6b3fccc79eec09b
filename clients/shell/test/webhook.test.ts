import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folder, listening, ShellWorker, WorkedBus } from './shell-worker.ts'
import { shellNamed, toolbox } from './shells.ts'

const { command, missing, name } = shellNamed('sh', ['sh'])

type Call = { method: string; url: string; headers: IncomingHttpHeaders; body: string }

describe.skipIf(missing !== null)(`webhooks in ${name}`, () => {
  let bus: WorkedBus
  beforeAll(async () => {
    bus = await WorkedBus.start()
  })
  afterAll(() => bus.remove())

  /** A server that answers every call with one status. */
  async function receiver(status = 204): Promise<{ url: string; calls: Call[] }> {
    const calls: Call[] = []
    const url = await listening(async (request, response) => {
      const body = await text(request)
      calls.push({ method: request.method!, url: request.url!, headers: request.headers, body })
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
    })
    return { url, calls }
  }

  async function call(payload: object | string, allow: string[], env: Record<string, string> = {}) {
    const sent = typeof payload === 'string' ? payload : JSON.stringify(payload)
    const id = await bus.publish('webhook', sent, { max_attempts: 1 })
    const args = ['--once', ...allow.flatMap(origin => ['--allow', origin])]
    const worker = new ShellWorker(command, 'webhook.sh', args, { ...bus.environment, ...env })
    await worker.exited
    expect(worker.leftovers).toEqual([])
    const { status, result, error } = await bus.result(id)
    return { id, status, result, error }
  }

  test('posts the body as it was sent, and hands in the status', async () => {
    const { url, calls } = await receiver(201)
    const body = '{"n":123456789012345678901234567890,"t":"\\ud800 é"}'
    const { id, status, result } = await call(`{"url":"${url}/hook?a=[1]&b={2,3}","body":${body}}`, [url])
    expect({ status, result }).toEqual({ status: 'fulfilled', result: { status: 201 } })
    expect(calls).toMatchObject([{ method: 'POST', url: '/hook?a=[1]&b={2,3}', body }])
    expect(calls[0]!.headers).toMatchObject({ 'content-type': 'application/json', 'x-intent-id': id })
  })

  test('sends a string as text, with the method and the headers that were asked for', async () => {
    const { url, calls } = await receiver()
    const headers = { Authorization: 'Bearer "a\\b"', 'X-Empty': '', 'content-type': 'text/csv' }
    const { status } = await call({ url, method: 'PUT', headers, body: '@/etc/passwd\n' }, [url])
    expect(status).toBe('fulfilled')
    expect(calls).toMatchObject([{ method: 'PUT', url: '/', body: '@/etc/passwd\n' }])
    expect(calls[0]!.headers).toMatchObject({
      authorization: 'Bearer "a\\b"',
      'x-empty': '',
      'content-type': 'text/csv',
    })
  })

  test.each(['POST', 'PUT', 'PATCH'])('says that a %s without a body has none', async method => {
    const { url, calls } = await receiver()
    expect((await call({ url, method }, [url])).status).toBe('fulfilled')
    expect(calls).toMatchObject([{ method, body: '' }])
    expect(calls[0]!.headers).toMatchObject({ 'content-length': '0' })
    expect(calls[0]!.headers).not.toHaveProperty('content-type')
  })

  test('asks no proxy for what is on this machine, neither for the bus nor for a webhook', async () => {
    const proxy = await receiver()
    const { url, calls } = await receiver()
    const proxies = { http_proxy: proxy.url, NO_PROXY: '', no_proxy: '' }
    expect((await call({ url }, [url], proxies)).status).toBe('fulfilled')
    expect(calls).toHaveLength(1)
    expect(proxy.calls).toEqual([])
    const elsewhere = 'http://elsewhere.example/hook'
    expect((await call({ url: elsewhere }, ['any'], proxies)).status).toBe('fulfilled')
    expect(proxy.calls).toMatchObject([{ url: elsewhere }])
  })

  test.each([302, 404, 503])('fails when the answer is %i, and follows no redirect', async code => {
    const { url, calls } = await receiver(code)
    const { status, error } = await call({ url, method: 'GET' }, [url])
    expect({ status, error }).toEqual({ status: 'dead', error: `webhook: It answered ${code}.` })
    expect(calls.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /'])
  })

  test('fails when nobody answers', async () => {
    expect((await call({ url: 'http://127.0.0.1:1/' }, ['any'])).error).toMatch(/^webhook: curl: \(7\) /)
  })

  test('calls no origin but those that are allowed', async () => {
    const { url, calls } = await receiver()
    const { port } = new URL(url)
    const allowed = ['https://hooks.example.org', `http://localhost:${port}`]
    expect((await call({ url }, allowed)).error).toBe(`webhook: ${url} is not allowed here.`)
    expect((await call({ url: `HTTP://LocalHost:${port}/x` }, allowed)).status).toBe('fulfilled')
    expect(calls).toHaveLength(1)
  })

  test.each([
    'file:///etc/passwd',
    'ftp://localhost:PORT/',
    'http://localhost:PORT@127.0.0.1:PORT/',
    'http://127.0.0.1:PORT\\@localhost:PORT/',
    'http://localhost:PORT /',
    'http://localhost:PORT\n/',
    'http://{localhost,127.0.0.1}:PORT/',
    '-o/tmp/x',
    '',
  ])('does not call %j', async pattern => {
    const { url, calls } = await receiver()
    const { port } = new URL(url)
    const { error } = await call({ url: pattern.replaceAll('PORT', port) }, [
      `http://localhost:${port}`,
      'any',
    ])
    expect(error).toMatch(/^webhook: The url is none that is called/)
    expect(calls).toEqual([])
  })

  test.each([
    [{ Host: 'internal' }, 'The header Host is not for a payload to set.'],
    [{ 'transfer-Encoding': 'chunked' }, 'The header transfer-Encoding is not for a payload to set.'],
    [{ 'X-A': 'b\r\nX-C: d' }, 'The header X-A has control characters in it.'],
    [{ 'X-A: b\r\nX-C': 'd' }, 'A name among the headers is none: it takes letters, digits, - and _.'],
    [{ '@/etc/passwd': 'd' }, 'A name among the headers is none: it takes letters, digits, - and _.'],
    [['X-A'], 'headers is no object.'],
  ])('refuses the headers %j', async (headers, reason) => {
    const { url, calls } = await receiver()
    expect((await call({ url, headers }, [url])).error).toBe(`webhook: ${reason}`)
    expect(calls).toEqual([])
  })

  test.each([
    [[], 'say which URLs may be called'],
    [['hooks.example.org'], 'hooks.example.org is no origin'],
    [['https://a@b'], 'https://a@b is no origin'],
    [['https://a/path'], 'https://a/path is no origin'],
    [[''], '--allow is empty'],
  ])('does not start with the list %j', async (allow, reason) => {
    const args = ['--once', ...allow.flatMap(origin => ['--allow', origin])]
    const worker = new ShellWorker(command, 'webhook.sh', args, bus.environment)
    expect(await worker.exited).toBe(2)
    expect(worker.errors).toContain(`webhook: ${reason}`)
  })

  test('shows neither the URL nor the headers among the arguments of a program', async () => {
    const here = folder()
    const { url, calls } = await receiver()
    const PATH = toolbox(join(here, 'bin'), { log: `${here}/calls` })
    await call({ url: `${url}/token-in-path`, headers: { Authorization: 'token-in-header' } }, [url], {
      PATH,
    })
    expect(calls).toHaveLength(1)
    expect(readFileSync(`${here}/calls`, 'utf8')).not.toContain('token-in')
  })
})
