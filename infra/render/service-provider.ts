/**
 * The life of a web service on Render, as Pulumi asks for it. Pulumi stores this object's source in the state and runs it from
 * there, so a method must not have the name of a function that it calls, and only what is imported as a function is called.
 */
import type * as pulumi from '@pulumi/pulumi'
import { askRender, RENDER_API, type RenderApi } from './api.ts'
import { startDeploy, waitUntilLive } from './deploy.ts'
import { assertTakeable, lookAt, namesake, type Service } from './existing-service.ts'
import { faultsOf, type RenderServiceInputs, serviceToChange, serviceToMake } from './service-inputs.ts'
import { readVariables, setVariables } from './variables.ts'

type RenderServiceOutputs = RenderServiceInputs & {
  /** `https://NAME.onrender.com` */
  url: string
  dashboardUrl: string
  /** Empty without a disk. */
  diskId: string
  /** By somebody at the dashboard, or for a bill: the next `up` resumes it. */
  suspended: boolean
}

/** Stands in a preview for a value that is not known yet (`unknownValue` in Pulumi's runtime/rpc.ts). */
const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9'
const isUnknown = (value: unknown): boolean => value === UNKNOWN

function outputsOf(inputs: RenderServiceInputs, service: Service): RenderServiceOutputs {
  const { url, disk } = service.serviceDetails
  return {
    ...inputs,
    // It has the name that it was made with, whatever is wanted by now.
    ...(inputs.disk && disk ? { disk: { ...inputs.disk, name: disk.name } } : {}),
    url,
    dashboardUrl: service.dashboardUrl,
    diskId: disk?.id ?? '',
    suspended: service.suspended === 'suspended',
  }
}

/**
 * Runs what follows once there is a service of ours: should it fail, the state has the service all the same, and the next `up`
 * goes on with it, instead of finding a stranger of its name.
 */
async function keptInState<Done>(
  id: string,
  properties: RenderServiceOutputs,
  work: () => Promise<Done>,
): Promise<Done> {
  try {
    return await work()
  } catch (error) {
    const { message } = error as Error
    throw Object.assign(new Error(message), { id, properties, reasons: [message] })
  }
}

async function changeDisk(
  api: RenderApi,
  service: Service,
  { name, disk }: RenderServiceInputs,
): Promise<void> {
  if (disk === undefined) return
  const { disk: there } = service.serviceDetails
  const purpose = `${there ? 'grow' : 'add'} the disk of ${name}`
  if (there === undefined) {
    const body = { ...disk, serviceId: service.id }
    await askRender(api, { method: 'POST', path: '/disks', body, purpose })
  } else if (there.sizeGB < disk.sizeGB) {
    const body = { sizeGB: disk.sizeGB }
    await askRender(api, { method: 'PATCH', path: `/disks/${there.id}`, body, purpose })
  }
}

/** Brings a service that is there to what is wanted, and waits until it serves. */
async function bringAbout(
  api: RenderApi,
  service: Service,
  before: Pick<RenderServiceInputs, 'environment' | 'secretEnvironment' | 'generated'>,
  inputs: RenderServiceInputs,
): Promise<RenderServiceOutputs> {
  await askRender(api, {
    method: 'PATCH',
    path: `/services/${service.id}`,
    body: serviceToChange(inputs),
    purpose: `change ${inputs.name}`,
  })
  await setVariables(api, service.id, before, inputs)
  // A suspended service runs again, whoever has suspended it; only a service that runs can change its disk.
  if (service.suspended === 'suspended') {
    const path = `/services/${service.id}/resume`
    await askRender(api, { method: 'POST', path, purpose: `resume ${inputs.name}` })
  }
  await changeDisk(api, service, inputs)
  const deploy = await startDeploy(api, service.id, inputs)
  await waitUntilLive(api, service.id, deploy, inputs)
  const after = await lookAt(api, service.id)
  if (after === null) throw new Error(`${inputs.name} (${service.id}) went away while it was changed`)
  return outputsOf(inputs, after)
}

const apiFor = (provider: RenderServiceProvider, { apiUrl }: RenderServiceInputs): RenderApi => {
  if (!provider.key) {
    throw new Error(
      'Render wants an API key: `pulumi config set --secret renderApiKey rnd_…`, or RENDER_API_KEY in the environment',
    )
  }
  return { url: apiUrl || RENDER_API, key: provider.key }
}

export type RenderServiceProvider = pulumi.dynamic.ResourceProvider<
  RenderServiceInputs,
  RenderServiceOutputs
> & { key: string }

export const renderServiceProvider: RenderServiceProvider = {
  /** From the configuration or the environment at each run, so that it is in no state. */
  key: '',

  async configure({ config }) {
    this.key = config.get('renderApiKey') ?? process.env['RENDER_API_KEY'] ?? ''
  },

  async check(olds, news) {
    const faults = faultsOf(olds, news, isUnknown)
    return faults.length === 0 ? { inputs: news } : { failures: faults }
  },

  async diff(_id, olds, news) {
    // In this order and form on both sides; a field that is absent is as good as undefined.
    const sorted = (value: unknown): unknown =>
      value === null || typeof value !== 'object' || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .filter(([, each]) => each !== undefined)
              .sort(([one], [other]) => (one < other ? -1 : 1))
              .map(([key, each]) => [key, sorted(each)]),
          )
    // The disk's name is sent once, when the disk is made.
    const compared = (of: RenderServiceInputs): RenderServiceInputs =>
      typeof of.disk === 'object' ? { ...of, disk: { ...of.disk, name: '' } } : of
    const [was, wanted] = [compared(olds), compared(news)]
    const differ = (key: keyof RenderServiceInputs) =>
      JSON.stringify(sorted(was[key])) !== JSON.stringify(sorted(wanted[key]))
    const service: (keyof RenderServiceInputs)[] = [
      ...(['name', 'ownerId', 'source', 'region', 'plan', 'healthCheckPath', 'disk'] as const),
      ...(['environment', 'secretEnvironment', 'generated', 'deleteData', 'apiUrl'] as const),
    ]
    // Where there is a disk, `check` has refused these.
    const replaces = (['region', 'ownerId'] as const).filter(differ)
    return {
      changes: service.some(differ) || olds.suspended === true,
      replaces: [...replaces],
      deleteBeforeReplace: true,
    }
  },

  async create(inputs) {
    const api = apiFor(this, inputs)
    const there = await namesake(api, inputs)
    if (there !== undefined) {
      assertTakeable(there, inputs)
      const nothing = { environment: {}, secretEnvironment: {}, generated: [] }
      const { id } = there
      const resume = () => bringAbout(api, there, nothing, inputs)
      return { id, outs: await keptInState(id, outputsOf(inputs, there), resume) }
    }
    const made = await askRender<{ service: Service; deployId: string }>(api, {
      method: 'POST',
      path: '/services',
      body: serviceToMake(inputs),
      purpose: `create the service ${inputs.name}`,
    })
    const { service } = made.body
    const outs = outputsOf(inputs, service)
    await keptInState(service.id, outs, async () => {
      // Render deploys the newest of the branch by itself; a commit has to be asked for.
      const asked = 'commit' in inputs.source && inputs.source.commit !== undefined
      const deploy = asked ? await startDeploy(api, service.id, inputs) : made.body.deployId
      await waitUntilLive(api, service.id, deploy, inputs)
    })
    return { id: service.id, outs }
  },

  async read(id, props) {
    const known = props!
    const api = apiFor(this, known)
    const service = await lookAt(api, id)
    // The end of a resource, to Pulumi.
    if (service === null) return {}
    const variables = await readVariables(api, id)
    const now = (set: Record<string, string>) =>
      Object.fromEntries(
        Object.keys(set).flatMap(key => (variables.has(key) ? [[key, variables.get(key)!]] : [])),
      )
    const { disk } = service.serviceDetails
    const inputs: RenderServiceInputs = {
      ...known,
      name: service.name,
      ownerId: service.ownerId,
      region: service.serviceDetails.region,
      plan: service.serviceDetails.plan,
      healthCheckPath: service.serviceDetails.healthCheckPath,
      source:
        'image' in known.source
          ? { ...known.source, image: service.imagePath ?? known.source.image }
          : { ...known.source, repo: service.repo ?? known.source.repo },
      environment: now(known.environment),
      secretEnvironment: now(known.secretEnvironment),
      generated: known.generated.filter(name => variables.has(name)),
    }
    if (disk === undefined) delete inputs.disk
    else inputs.disk = { name: disk.name, mountPath: disk.mountPath, sizeGB: disk.sizeGB }
    return { id, props: outputsOf(inputs, service) }
  },

  async update(id, olds, news) {
    const api = apiFor(this, news)
    const service = await lookAt(api, id)
    if (service === null) {
      throw new Error(
        `${news.name} (${id}) is not there any more: \`pulumi refresh\`, then \`pulumi up\` makes it anew`,
      )
    }
    return { outs: await bringAbout(api, service, olds, news) }
  },

  async delete(id, props) {
    const api = apiFor(this, props)
    const keep = props.disk !== undefined && !props.deleteData
    const request = keep
      ? ({ method: 'POST', path: `/services/${id}/suspend`, purpose: `suspend ${props.name}` } as const)
      : ({ method: 'DELETE', path: `/services/${id}`, purpose: `delete ${props.name}` } as const)
    // Somebody may have been faster.
    await askRender(api, { ...request, mayBeGone: true })
  },
}
