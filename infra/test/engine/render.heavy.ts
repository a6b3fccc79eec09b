/** The target render by Pulumi's own command and engine, against a stub that refuses what is not in Render's description. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { KEY, StubRender } from '../render/stub-render.ts'
import { Stack } from './stack.ts'
import { builtPulumi, pulumi } from './toolchain.ts'

const SECRET = 'a-secret-that-somebody-chose'
let render: StubRender
let stack: Stack

const service = () => [...render.services.values()][0]!

beforeAll(async () => {
  if (pulumi.reason !== null) return
  await builtPulumi()
  render = await StubRender.start()
  // Each look at a deploy takes a pause of seconds, so there is one.
  render.deployStates = ['live']
  stack = new Stack('render', { RENDER_API_URL: render.url })
  await stack.init({ target: 'render', workspace: 'tea-1', repo: 'https://github.com/you/intent-bus' })
  await stack.setSecret('renderApiKey', KEY)
  await stack.setSecret('busSecret', SECRET)
}, 1_500_000)
afterAll(async () => {
  stack?.dispose()
  await render?.stop()
})
beforeEach(() => {
  if (render !== undefined) render.asked.length = 0
})

describe.skipIf(pulumi.reason !== null)(pulumi.named('pulumi up, to Render'), () => {
  test('makes the service, waits for it and says where it is', async () => {
    await stack.up()
    expect(render.names()).toEqual(['list-services', 'create-service', 'retrieve-deploy'])
    expect(await stack.outputs()).toMatchObject({ url: 'https://intent-bus.onrender.com' })
    expect(service().variables.get('BUS_SECRET')).toBe(SECRET)
    expect(service().variables.get('BUS_ADMIN_SECRET')).toMatch(/^made-by-render/)
  })

  test('a second `up` changes nothing, and a refresh finds nothing', async () => {
    for (const changes of [await stack.up(), await stack.refresh(), await stack.up()]) {
      expect(Object.keys(changes)).toEqual(['same'])
    }
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

  test('a changed setting is sent, deployed and waited for', async () => {
    await stack.must('config', 'set', '--path', 'settings.BUS_LEASE_SECONDS', '90')
    await stack.set({ plan: 'standard' })
    expect(await stack.up()).toMatchObject({ update: 1 })
    expect(service()).toMatchObject({ plan: 'standard' })
    expect(service().variables.get('BUS_LEASE_SECONDS')).toBe('90')
    expect(service().deploys).toHaveLength(2)
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
