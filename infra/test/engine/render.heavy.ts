/** The target render by Pulumi's own command and engine, against a stub that refuses what is not in Render's description. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readPage } from '../../../docs/pages.ts'
import { edited } from '../../../ops/test/monitoring.ts'
import { root } from '../../../service/test/support/root.ts'
import { KEY, StubRender } from '../render/stub-render.ts'
import { Stack } from './stack.ts'
import { builtPulumi, COLD_BUILD_MS, pulumi } from './toolchain.ts'

const SECRET = 'a-secret-that-somebody-chose'
let render: StubRender
let stack: Stack

const service = () => [...render.services.values()][0]!

beforeAll(async () => {
  if (pulumi.reason !== null) return
  await builtPulumi()
  render = await StubRender.start()
  // Each look at a deploy takes a pause, so there is one, and it is short.
  render.deployStates = ['live']
  stack = new Stack('render', { RENDER_API_URL: render.url })
  const service = 'infra/render/render-service.ts'
  stack.write(
    service,
    edited(readFileSync(join(root, service), 'utf8'), { 'pollSeconds: 5': 'pollSeconds: 0.2' }),
  )
}, COLD_BUILD_MS)
afterAll(async () => {
  stack?.dispose()
  await render?.stop()
})
beforeEach(() => {
  if (render !== undefined) render.asked.length = 0
})

/** The first commands of the page, as they are pasted; what is typed at a prompt comes from here. */
async function followPage(): Promise<void> {
  const [, block] = /^```\n(npm ci.*?)^```$/ms.exec(readPage('deploy/render.md'))!
  // The packages are there, and somebody says yes.
  const script = `npm() { :; }\n${block!.replace('tea-…', 'tea-1')}`
  const env = { ...stack.env, HOME: stack.clone, PULUMI_SKIP_CONFIRMATIONS: 'true' }
  const typed = promisify(execFile)('bash', ['-euc', script], { cwd: stack.clone, env })
  typed.child.stdin!.end(`${KEY}\n`)
  await typed
}

describe.skipIf(pulumi.reason !== null)(pulumi.named('pulumi up, to Render'), () => {
  test('the commands of docs/deploy/render.md make the service, wait for it and say where it is', async () => {
    await followPage()
    expect(render.names()).toEqual(['list-services', 'create-service', 'retrieve-deploy'])
    expect(await stack.outputs()).toMatchObject({ url: 'https://intent-bus.onrender.com' })
    expect(service()).toMatchObject({ ownerId: 'tea-1', repo: 'https://github.com/you/intent-bus' })
    expect(service().variables.get('BUS_ADMIN_SECRET')).toMatch(/^made-by-render/)
  })

  test('a second `up` changes nothing, and a refresh finds nothing', async () => {
    for (const changes of [await stack.up(), await stack.refresh(), await stack.up()]) {
      expect(Object.keys(changes)).toEqual(['same'])
    }
  })

  test('a changed setting and a secret of ours are sent, deployed and waited for', async () => {
    await stack.must('config', 'set', '--path', 'settings.BUS_LEASE_SECONDS', '90')
    await stack.set({ plan: 'standard' })
    await stack.setSecret('busSecret', SECRET)
    expect(await stack.up()).toMatchObject({ update: 1 })
    expect(service()).toMatchObject({ plan: 'standard' })
    expect(service().variables.get('BUS_LEASE_SECONDS')).toBe('90')
    expect(service().variables.get('BUS_SECRET')).toBe(SECRET)
    expect(service().deploys).toHaveLength(2)
  })

  test('no secret stands in the state, the outputs or a preview', async () => {
    const shown = [
      await stack.state(),
      await stack.must('stack', 'output', '--json'),
      await stack.must('preview', '--diff', '--show-sames'),
    ].join('\n')
    expect(shown).toContain('intent-bus.onrender.com')
    for (const secret of [KEY, SECRET, service().variables.get('BUS_ADMIN_SECRET')!]) {
      expect(shown).not.toContain(secret)
    }
  })

  test('what was changed at the dashboard is found by a refresh, and put right', async () => {
    service().plan = 'pro'
    expect(await stack.refresh()).toMatchObject({ update: 1 })
    expect(await stack.up()).toMatchObject({ update: 1 })
    expect(service().plan).toBe('standard')
  })

  test('what would cost the data is refused before anything is done', async () => {
    await stack.set({ region: 'ohio' })
    const { code, out } = await stack.pulumi('preview')
    expect(code).not.toBe(0)
    expect(out).toContain('region cannot change from oregon to ohio')
    await stack.set({ region: undefined })
    expect(render.asked).toEqual([])
  })

  test('destroy keeps the data, and the next `up` finds it', async () => {
    const { id, variables } = service()
    const made = variables.get('BUS_ADMIN_SECRET')
    await stack.destroy()
    expect(service()).toMatchObject({ id, suspended: true })
    await stack.up()
    expect(service()).toMatchObject({ id, suspended: false })
    expect(service().variables.get('BUS_ADMIN_SECRET')).toBe(made)
  })

  test('a kept one that does not come up again stays in the stack: destroy keeps it, and `up` goes on with it', async () => {
    const { id } = service()
    await stack.destroy()
    const upFails = async () => {
      render.deployStates = ['update_failed']
      const { code, out, err } = await stack.pulumi('up', '--yes', '--skip-preview')
      expect(code).not.toBe(0)
      expect(out + err).toContain('The deploy of intent-bus ended with update_failed')
      expect(service()).toMatchObject({ id, suspended: false })
      expect(await stack.state()).not.toContain(SECRET)
      render.deployStates = ['live']
    }
    await upFails()
    await stack.destroy()
    expect(service()).toMatchObject({ id, suspended: true })
    await upFails()
    expect(await stack.up()).toMatchObject({ update: 1 })
    expect(service().deploys.at(-1)!.states).toEqual(['live'])
    expect(Object.keys(await stack.up())).toEqual(['same'])
  })

  test('one whose making was broken off is taken over, once it is suspended as the error says', async () => {
    await stack.set({ deleteData: 'true' })
    await stack.up()
    await stack.destroy()
    await stack.set({ deleteData: undefined })
    render.refusals.set('create-service', [{ status: 502, done: true }])
    await stack.pulumi('up', '--yes', '--skip-preview')
    const { code, out, err } = await stack.pulumi('up', '--yes', '--skip-preview')
    expect(code).not.toBe(0)
    expect(out + err).toContain('suspend it there, and the next `pulumi up` takes it over')
    service().suspended = true
    await stack.up()
    expect(service()).toMatchObject({ suspended: false })
    expect(render.services.size).toBe(1)
  })

  test('another name renames it, and neither refuses the disk nor changes anything twice', async () => {
    await stack.set({ name: 'post' })
    expect(await stack.up()).toMatchObject({ update: 1 })
    expect(service()).toMatchObject({ name: 'post', disk: { name: 'intent-bus-data' } })
    for (const changes of [await stack.refresh(), await stack.up()]) {
      expect(Object.keys(changes)).toEqual(['same'])
    }
    const { id } = service()
    await stack.destroy()
    await stack.up()
    expect(service()).toMatchObject({ id, suspended: false })
  })

  test('destroy after deleteData leaves nothing', async () => {
    await stack.set({ deleteData: 'true' })
    await stack.up()
    await stack.destroy()
    expect(render.services.size).toBe(0)
  })

  test('nothing was asked for that is not in the description', () => {
    expect(render.faults).toEqual([])
  })
})
