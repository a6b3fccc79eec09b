/** A service that Render has already: how it looks, and whether it may be taken over. */
import { askRender, type RenderApi } from './api.ts'
import type { RenderServiceInputs } from './service-inputs.ts'

/** What Render tells of a service, as far as it matters here. */
export type Service = {
  id: string
  name: string
  type: string
  ownerId: string
  imagePath?: string
  repo?: string
  branch?: string
  suspended: string
  dashboardUrl: string
  serviceDetails: {
    plan: string
    region: string
    url: string
    healthCheckPath: string
    disk?: { id: string; name: string; mountPath: string; sizeGB: number }
  }
}

/** @returns null when it is gone */
export async function lookAt(api: RenderApi, id: string): Promise<Service | null> {
  const { status, body } = await askRender<Service>(api, {
    method: 'GET',
    path: `/services/${id}`,
    purpose: `look at ${id}`,
    mayBeGone: true,
  })
  return status === 404 ? null : body
}

/** A service of this name, if there is one: names are unique in a workspace. */
export async function namesake(
  api: RenderApi,
  { name, ownerId }: RenderServiceInputs,
): Promise<Service | undefined> {
  const { body } = await askRender<{ service: Service }[]>(api, {
    method: 'GET',
    path: `/services?name=${encodeURIComponent(name)}&ownerId=${encodeURIComponent(ownerId)}&limit=20`,
    purpose: `look for a service named ${name}`,
  })
  return body.map(({ service }) => service).find(service => service.name === name)
}

/** Whether an earlier `up` may have made it: where it is and where its disk is mounted can never change. */
function mayBeOurs(service: Service, { disk, region }: RenderServiceInputs): boolean {
  const { serviceDetails: there, type } = service
  const alike = type === 'web_service' && there.region === region
  return alike && disk !== undefined && there.disk?.mountPath === disk.mountPath
}

/**
 * What `pulumi destroy` has suspended to keep its data, or somebody at the dashboard; one that runs may be at work for others.
 * @throws when it is anything else, with what can be done
 */
export function assertTakeable(service: Service, inputs: RenderServiceInputs): void {
  const maybe = mayBeOurs(service, inputs)
  if (maybe && service.suspended === 'suspended') return
  const then = maybe
    ? 'If an earlier `pulumi up` has left it, suspend it there, and the next `pulumi up` takes it over with its data. If not, choose another name.'
    : 'Choose another name.'
  throw new Error(
    `name: a service named ${inputs.name} is in this workspace already (${service.dashboardUrl}). ${then}`,
  )
}
