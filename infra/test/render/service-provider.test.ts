import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RenderServiceInputs } from '../../render/service-inputs.ts'
import { revived, serialized } from './serialized-provider.ts'
import { KEY, StubRender } from './stub-render.ts'

const DIGEST = `sha256:${'ab'.repeat(32)}`
let render: StubRender

beforeEach(async () => {
  render = await StubRender.start()
})
afterEach(async () => {
  await render.stop()
  expect(render.faults).toEqual([])
})

const inputs = (more: Partial<RenderServiceInputs> = {}): RenderServiceInputs => ({
  name: 'bus',
  ownerId: 'tea-1',
  source: { image: `ghcr.io/you/intent-bus@${DIGEST}` },
  region: 'frankfurt',
  plan: 'starter',
  healthCheckPath: '/health/live',
  disk: { name: 'bus-data', mountPath: '/data', sizeGB: 1 },
  environment: { BUS_TRUST_PROXY: '1' },
  secretEnvironment: { BUS_SECRET: 'a secret of mine' },
  generated: ['BUS_ADMIN_SECRET'],
  deleteData: false,
  deploySeconds: 60,
  pollSeconds: 0,
  apiUrl: render.url,
  ...more,
})
const provider = () => revived({ renderApiKey: KEY })
const only = () => [...render.services.values()][0]!
const withoutDisk = () => {
  const { disk: _, ...rest } = inputs()
  return rest
}

describe('a new service', () => {
  test('is made by one request and waited for until it is live', async () => {
    const { id, outs } = await (await provider()).create(inputs())
    expect(render.names()).toEqual(['list-services', 'create-service', ...Array(4).fill('retrieve-deploy')])
    expect(only()).toMatchObject({
      id,
      name: 'bus',
      region: 'frankfurt',
      runtime: 'image',
      imagePath: `ghcr.io/you/intent-bus@${DIGEST}`,
      healthCheckPath: '/health/live',
      disk: { name: 'bus-data', mountPath: '/data', sizeGB: 1 },
    })
    expect(only().variables.get('BUS_SECRET')).toBe('a secret of mine')
    expect(only().variables.get('BUS_ADMIN_SECRET')).toMatch(/^made-by-render/)
    expect(outs).toMatchObject({ url: 'https://bus.onrender.com', diskId: only().disk!.id, suspended: false })
  })

  test('keeps neither the API key nor what Render has made in what goes into the state', async () => {
    const { outs } = await (await provider()).create(inputs())
    const state = JSON.stringify(outs) + (await serialized)
    expect(state).not.toContain(KEY)
    expect(state).not.toContain('made-by-render')
  })

  test('of a repository is built by its Dockerfile, at the commit that is named', async () => {
    const commit = 'c0ffee'.padEnd(40, '0')
    const source = { repo: 'https://github.com/you/intent-bus', branch: 'stable', commit }
    await (await provider()).create(inputs({ source }))
    expect(only()).toMatchObject({ runtime: 'docker', repo: source.repo, branch: 'stable' })
    expect(only().deploys.map(({ body }) => body)).toEqual([{}, { commitId: commit }])
  })

  test('whose deploy fails is in the state all the same, and says where the log is', async () => {
    render.deployStates = ['build_in_progress', 'build_failed']
    const failure = await (await provider()).create(inputs()).catch(error => error)
    expect(failure).toMatchObject({ id: only().id, properties: { url: 'https://bus.onrender.com' } })
    expect(failure.message).toMatch(/^The deploy of bus ended with build_failed.*dashboard\.render\.com/)
  })

  test('that does not come up in its time is an error that says the time', async () => {
    render.deployStates = ['update_in_progress']
    const waiting = (await provider()).create(inputs({ deploySeconds: -1 }))
    await expect(waiting).rejects.toThrow('The deploy of bus is update_in_progress after -1 s')
  })

  test('is not made where another has its name', async () => {
    await (await provider()).create(inputs())
    only().disk!.mountPath = '/of/others'
    await expect((await provider()).create(inputs())).rejects.toThrow(
      /^name: a service named bus is in this workspace already \(https:\/\/dashboard\S+\)\. Choose another name\.$/,
    )
    expect(render.services.size).toBe(1)
  })

  test('whose making was not answered is taken over by the next up, once it is suspended as the error says', async () => {
    const ours = await provider()
    render.refusals.set('create-service', [{ status: 502, done: true }])
    await expect(ours.create(inputs())).rejects.toThrow('Render refused to create the service bus (502)')
    await expect(ours.create(inputs())).rejects.toThrow(
      'suspend it there, and the next `pulumi up` takes it over with its data',
    )
    only().suspended = true
    const { id } = await ours.create(inputs())
    expect([...render.services.keys()]).toEqual([id])
    expect(only()).toMatchObject({ suspended: false })
  })
})

describe('a change', () => {
  const made = async () => {
    const ours = await provider()
    const { id, outs } = await ours.create(inputs())
    render.names()
    return { ours, id, outs: outs! }
  }

  test('of nothing is none', async () => {
    const { ours, id, outs } = await made()
    expect(await ours.diff(id, outs, inputs())).toMatchObject({ changes: false, replaces: [] })
  })

  test.each([
    ['plan', { plan: 'standard' }],
    ['healthCheckPath', { healthCheckPath: '/health' }],
    ['source', { source: { image: `ghcr.io/you/intent-bus@${DIGEST.replace('ab', 'cd')}` } }],
    ['a variable', { environment: { BUS_TRUST_PROXY: '2' } }],
    ['a secret', { secretEnvironment: { BUS_SECRET: 'another' } }],
    ['what Render makes', { generated: ['BUS_ADMIN_SECRET', 'DASHBOARD_PASSWORD'] }],
    ['disk', { disk: { name: 'bus-data', mountPath: '/data', sizeGB: 5 } }],
    ['deleteData', { deleteData: true }],
  ] satisfies [string, Partial<RenderServiceInputs>][])(
    'of %s is seen, and replaces nothing',
    async (_, more) => {
      const { ours, id, outs } = await made()
      expect(await ours.diff(id, outs, inputs(more))).toMatchObject({ changes: true, replaces: [] })
    },
  )

  test('of how often it is looked at is none', async () => {
    const { ours, id, outs } = await made()
    expect(await ours.diff(id, outs, inputs({ pollSeconds: 9 }))).toMatchObject({ changes: false })
  })

  test('of the image is sent, deployed and waited for', async () => {
    const { ours, id, outs } = await made()
    const image = `ghcr.io/you/intent-bus@${DIGEST.replace('ab', 'cd')}`
    const { outs: after } = await ours.update(id, outs, inputs({ source: { image }, plan: 'standard' }))
    expect(only()).toMatchObject({ imagePath: image, plan: 'standard' })
    expect(only().deploys.at(-1)!.body).toEqual({ imageUrl: image })
    expect(only().deploys.at(-1)!.states).toEqual(['live'])
    expect(after).toMatchObject({ plan: 'standard', source: { image } })
  })

  test('of variables touches only those that differ: what Render has made stays, and what others have added', async () => {
    const { ours, id, outs } = await made()
    const before = only().variables.get('BUS_ADMIN_SECRET')
    only().variables.set('BY_HAND', 'stays')
    await ours.update(
      id,
      outs,
      inputs({
        environment: { BUS_LEASE_SECONDS: '90' },
        generated: ['BUS_ADMIN_SECRET', 'BUS_METRICS_TOKEN'],
      }),
    )
    const sent = render.asked.filter(({ operation }) => /^(update|delete)-env-var$/.test(operation))
    expect(sent.map(({ operation, ids, body }) => [operation, ids[1], body])).toEqual([
      ['update-env-var', 'BUS_LEASE_SECONDS', { value: '90' }],
      ['update-env-var', 'BUS_METRICS_TOKEN', { generateValue: true }],
      ['delete-env-var', 'BUS_TRUST_PROXY', undefined],
    ])
    expect(only().variables.get('BUS_ADMIN_SECRET')).toBe(before)
    expect(only().variables.get('BY_HAND')).toBe('stays')
  })

  test('takes a variable away even where the answer to that is lost', async () => {
    const { ours, id, outs } = await made()
    render.refusals.set('delete-env-var', [{ status: 502, done: true }])
    await ours.update(id, outs, inputs({ environment: {} }))
    expect(render.names().filter(name => name === 'delete-env-var')).toHaveLength(2)
    expect(only().variables.has('BUS_TRUST_PROXY')).toBe(false)
  })

  test('from a value of ours to one of Render is made anew', async () => {
    const { ours, id, outs } = await made()
    await ours.update(
      id,
      outs,
      inputs({ secretEnvironment: {}, generated: ['BUS_ADMIN_SECRET', 'BUS_SECRET'] }),
    )
    expect(only().variables.get('BUS_SECRET')).toMatch(/^made-by-render/)
  })

  test('reads more variables than fit a page', async () => {
    const { ours, id, outs } = await made()
    for (let n = 0; n < 250; n++) only().variables.set(`FILLER_${n}`, 'x')
    only().variables.set('LAST', 'same')
    render.names()
    await ours.update(id, outs, inputs({ environment: { BUS_TRUST_PROXY: '1', LAST: 'same' } }))
    expect(render.names().filter(name => name === 'update-env-var')).toEqual([])
  })

  test('of the disk grows it, and adds one where there was none', async () => {
    const { ours, id, outs } = await made()
    await ours.update(id, outs, inputs({ disk: { name: 'bus-data', mountPath: '/data', sizeGB: 10 } }))
    expect(only().disk!.sizeGB).toBe(10)
    delete only().disk
    const { outs: after } = await ours.update(id, withoutDisk() as never, inputs())
    expect(only().disk).toMatchObject({ name: 'bus-data', sizeGB: 1 })
    expect(after!.diskId).toBe(only().disk!.id)
  })

  test("of the disk's name is none: Render is told it once, and the state keeps the one that is true", async () => {
    const { ours, id, outs } = await made()
    const renamed = { disk: { name: 'other-data', mountPath: '/data', sizeGB: 1 } }
    expect(await ours.diff(id, outs, inputs(renamed))).toMatchObject({ changes: false, replaces: [] })
    const { outs: after } = await ours.update(id, outs, inputs({ ...renamed, plan: 'standard' }))
    expect(only().disk).toMatchObject({ name: 'bus-data' })
    expect(after!.disk).toEqual({ name: 'bus-data', mountPath: '/data', sizeGB: 1 })
    const { props } = await ours.read(id, after)
    expect(props).toEqual(after)
  })

  test('that Render queues without a name is found, and waited for', async () => {
    const { ours, id, outs } = await made()
    render.queues = true
    await ours.update(id, outs, inputs({ plan: 'standard' }))
    expect(only().deploys.at(-1)!.states).toEqual(['live'])
  })

  test('of a service that is gone says how it is made anew', async () => {
    const { ours, id, outs } = await made()
    render.services.clear()
    await expect(ours.update(id, outs, inputs())).rejects.toThrow('pulumi refresh')
  })
})

describe('a service is kept for its data', () => {
  test('destroyed it is suspended with its disk, and the next up finds it by its name', async () => {
    const ours = await provider()
    const { id, outs } = await ours.create(inputs())
    await ours.delete(id, outs!)
    expect(only().suspended).toBe(true)
    const before = only().variables.get('BUS_ADMIN_SECRET')
    const again = await ours.create(inputs({ plan: 'standard' }))
    expect(again.id).toBe(id)
    expect(only()).toMatchObject({ suspended: false, plan: 'standard' })
    expect(only().variables.get('BUS_ADMIN_SECRET')).toBe(before)
    expect(only().deploys.at(-1)!.states).toEqual(['live'])
  })

  test('is deleted when that was said, and when there is nothing to keep', async () => {
    const ours = await provider()
    const told = await ours.create(inputs({ deleteData: true }))
    await ours.delete(told.id, told.outs!)
    const diskless = await ours.create(withoutDisk())
    await ours.delete(diskless.id, diskless.outs!)
    expect(render.services.size).toBe(0)
  })

  test('is destroyed where somebody has deleted it by hand, whatever was to become of it', async () => {
    const ours = await provider()
    const [kept, told] = [inputs(), inputs({ deleteData: true })]
    for (const [of, operation] of [
      [kept, 'suspend-service'],
      [told, 'delete-service'],
    ] as const) {
      const { id, outs } = await ours.create(of)
      render.services.clear()
      await ours.delete(id, outs!)
      expect(render.names().at(-1)).toBe(operation)
    }
  })

  test('that does not come up again is in the state all the same, and the next up goes on with it', async () => {
    const ours = await provider()
    const { id, outs } = await ours.create(inputs())
    await ours.delete(id, outs!)
    const wanted = inputs({ plan: 'standard' })
    render.deployStates = ['update_failed']
    const failure = await ours.create(wanted).catch(error => error)
    expect(failure).toMatchObject({ id, properties: { url: 'https://bus.onrender.com', plan: 'standard' } })
    expect(failure.reasons).toEqual([failure.message])
    expect(failure.message).toMatch(/^The deploy of bus ended with update_failed/)
    // Whatever is wanted by then.
    expect(await ours.diff(id, failure.properties, wanted)).toMatchObject({ changes: true, replaces: [] })
    render.deployStates = ['live']
    await ours.update(id, failure.properties, wanted)
    expect(only()).toMatchObject({ id, suspended: false, plan: 'standard' })
    expect(only().deploys.at(-1)!.states).toEqual(['live'])
  })

  test('renamed while it runs it is found all the same, with the disk that has the name from before', async () => {
    const ours = await provider()
    const { id, outs } = await ours.create(inputs())
    const renamed = inputs({ name: 'post', disk: { name: 'post-data', mountPath: '/data', sizeGB: 1 } })
    const { outs: after } = await ours.update(id, outs!, renamed)
    await ours.delete(id, after!)
    const again = await ours.create(renamed)
    expect(again.id).toBe(id)
    expect(only()).toMatchObject({ name: 'post', suspended: false, disk: { name: 'bus-data' } })
  })

  test('a suspended one with a disk elsewhere is not taken over', async () => {
    const ours = await provider()
    const { id, outs } = await ours.create(
      inputs({ disk: { name: 'bus-data', mountPath: '/of/others', sizeGB: 1 } }),
    )
    await ours.delete(id, outs!)
    await expect(ours.create(inputs())).rejects.toThrow(/^name: /)
    expect(only().suspended).toBe(true)
  })
})

describe('a refresh', () => {
  test('sees what was changed at the dashboard', async () => {
    const ours = await provider()
    const { id, outs } = await ours.create(inputs())
    Object.assign(only(), { plan: 'pro', suspended: true })
    only().variables.set('BUS_TRUST_PROXY', '9')
    only().variables.delete('BUS_ADMIN_SECRET')
    const { props } = await ours.read(id, outs)
    expect(props).toMatchObject({
      plan: 'pro',
      suspended: true,
      environment: { BUS_TRUST_PROXY: '9' },
      generated: [],
    })
    const difference = await ours.diff(id, props!, inputs())
    expect(difference).toMatchObject({ changes: true, replaces: [] })
    await ours.update(id, props!, inputs())
    expect(only()).toMatchObject({ plan: 'starter', suspended: false })
    expect(only().variables.get('BUS_TRUST_PROXY')).toBe('1')
    expect(only().variables.has('BUS_ADMIN_SECRET')).toBe(true)
  })

  test('of what is as it was changes nothing', async () => {
    const ours = await provider()
    const { id, outs } = await ours.create(inputs())
    const { props } = await ours.read(id, outs)
    expect(props).toEqual(outs)
  })

  test('of a service that is gone forgets it', async () => {
    const ours = await provider()
    const { id, outs } = await ours.create(inputs())
    render.services.clear()
    expect(await ours.read(id, outs)).toEqual({})
  })
})

describe('what cannot be', () => {
  const faults = async (olds: object, more: Partial<RenderServiceInputs>) =>
    (await (await provider()).check(olds as never, inputs(more))).failures ?? []

  test.each([
    ['name', { name: 'Bus!' }, '63'],
    ['ownerId', { ownerId: 'me' }, 'tea-'],
    ['region', { region: 'mars' }, 'frankfurt, oregon'],
    ['plan', { plan: 'huge' }, 'starter'],
    ['plan', { plan: 'free' }, 'a paid plan where there is a disk'],
    ['healthCheckPath', { healthCheckPath: 'health' }, 'begins with /'],
    ['source.image', { source: { image: 'ghcr.io/you/intent-bus:latest' } }, 'with a digest'],
    ['source.repo', { source: { repo: 'git@github.com:you/bus.git' } }, 'https://'],
    ['source.commit', { source: { repo: 'https://github.com/you/bus', commit: 'main' } }, '40 hex digits'],
    ['environment', { environment: { 'A-B': '1' } }, 'letters, digits and _'],
    ['environment', { generated: ['BUS_SECRET'] }, 'BUS_SECRET is set twice'],
    ['disk.mountPath', { disk: { name: 'd', mountPath: '/', sizeGB: 1 } }, 'absolute path that is not /'],
    ['disk.sizeGB', { disk: { name: 'd', mountPath: '/data', sizeGB: 7 } }, 'multiple of 5'],
  ] satisfies [string, Partial<RenderServiceInputs>, string][])(
    'is refused by the name of %s: %o',
    async (property, more, takes) => {
      const [fault, ...others] = await faults({}, more)
      expect(others).toEqual([])
      expect(fault!.property).toBe(property)
      expect(fault!.reason).toContain(takes)
    },
  )

  test('comes all at once, not one by one', async () => {
    const found = await faults({}, { name: '', plan: 'huge', region: 'mars' })
    expect(found.map(({ property }) => property)).toEqual(['name', 'region', 'plan'])
  })

  test.each([
    ['region', { region: 'ohio' }],
    ['ownerId', { ownerId: 'tea-2' }],
    ['disk.sizeGB', { disk: { name: 'bus-data', mountPath: '/data', sizeGB: 1 } }],
    ['disk.mountPath', { disk: { name: 'bus-data', mountPath: '/elsewhere', sizeGB: 5 } }],
  ] satisfies [string, Partial<RenderServiceInputs>][])(
    '%s would cost the disk its data',
    async (property, more) => {
      const disk = { name: 'bus-data', mountPath: '/data', sizeGB: 5 }
      const [fault, ...others] = await faults(inputs({ disk }), { disk, ...more })
      expect(others).toEqual([])
      expect(fault!.property).toBe(property)
    },
  )

  test('a disk that is taken away is refused; a service without one may move', async () => {
    const ours = await provider()
    const { failures } = await ours.check(inputs(), withoutDisk())
    expect(failures!.map(({ property }) => property)).toEqual(['disk'])
    const moved = { ...withoutDisk(), region: 'ohio' }
    expect(await ours.check(withoutDisk(), moved)).toEqual({ inputs: moved })
    expect(await ours.diff('srv-1', withoutDisk() as never, moved)).toMatchObject({ replaces: ['region'] })
  })

  test('a preview that does not know a value yet is no fault', async () => {
    const unknown = '04da6b54-80e4-46f7-96ec-b56ff0331ba9' as never
    const guess = {
      name: unknown,
      source: unknown,
      secretEnvironment: unknown,
      disk: unknown,
      region: unknown,
    }
    expect(await faults(inputs(), guess)).toEqual([])
  })

  test('no key, or a wrong one, is told with what sets it', async () => {
    vi.stubEnv('RENDER_API_KEY', '')
    await expect((await revived({})).create(inputs())).rejects.toThrow(
      'pulumi config set --secret renderApiKey',
    )
    const wrong = (await revived({ renderApiKey: 'rnd_wrong' })).create(inputs())
    await expect(wrong).rejects.toThrow('(401): Unauthorized The API key is wrong')
    await expect(wrong).rejects.not.toThrow('rnd_wrong')
    vi.stubEnv('RENDER_API_KEY', KEY)
    await (await revived({})).create(inputs())
    expect(render.services.size).toBe(1)
    vi.unstubAllEnvs()
  })

  test('what Render itself refuses is told in its words', async () => {
    render.refusals.set('create-service', [{ status: 402, message: 'payment information is required' }])
    await expect((await provider()).create(inputs())).rejects.toThrow(
      'Render refused to create the service bus (402): payment information is required',
    )
  })
})
