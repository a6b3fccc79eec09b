/** ops/image/health.js, which Docker runs in the container every 15 s. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { BusProcess } from '../../service/test/support/bus-process.ts'
import { freePort } from '../../service/test/support/ports.ts'
import { root } from '../../service/test/support/root.ts'

const SCRIPT = join(root, 'ops/image/health.js')

function check(port: number, { args = [SCRIPT], env = {} } = {}): Promise<{ code: unknown; out: string }> {
  return new Promise(resolve => {
    const given = { PORT: `${port}`, ...env }
    execFile(process.execPath, args, { env: given }, (error, out) => resolve({ code: error?.code ?? 0, out }))
  })
}

async function answering(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
  })
  await new Promise(resolve => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

test('a bus that is ready passes, whatever proxy the container has', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bus-health-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const bus = new BusProcess(dir, { PORT: '0' })
  onTestFinished(() => bus.kill())
  const proxy = {
    NODE_USE_ENV_PROXY: '1',
    http_proxy: 'http://127.0.0.1:9',
    HTTP_PROXY: 'http://127.0.0.1:9',
  }
  const { code, out } = await check(await bus.ready(), { env: proxy })
  expect({ code, answer: JSON.parse(out) }).toMatchObject({ code: 0, answer: { ok: true } })
})

test('a bus that is not ready fails, and its answer says why', async () => {
  const port = await answering((_, reply) => reply.writeHead(503).end('{"ok":false,"reason":"disk"}'))
  expect(await check(port)).toEqual({ code: 1, out: '{"ok":false,"reason":"disk"}' })
})

test('no bus, or one that hangs up, fails with the reason', async () => {
  const nobody = await freePort()
  expect(await check(nobody)).toEqual({
    code: 1,
    out: `http://127.0.0.1:${nobody}/health/ready: ECONNREFUSED`,
  })
  const port = await answering(request => request.socket.end())
  expect(await check(port)).toEqual({ code: 1, out: `no answer on port ${port}` })
})

test('it loads no HTTP client, which would take most of its time on a tenth of a core', async () => {
  const loaded = `process.on('exit', () => process.stdout.write(process.moduleLoadList.join('\\n'))); import('${SCRIPT}')`
  const { out } = await check(await freePort(), { args: ['-e', loaded] })
  expect(out).toContain('NativeModule net')
  expect(out).not.toMatch(/undici|NativeModule _http_client/)
})
