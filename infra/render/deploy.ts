/** Deploys on Render: begin one, and wait until it serves. */
import { askRender, pause, type RenderApi } from './api.ts'
import { deployToStart, type RenderServiceInputs } from './service-inputs.ts'

type RenderDeploy = { id: string; status?: string }

/** Ended well: it serves, or served until a newer one took its place. */
const SERVES = ['live', 'deactivated']
const FAILED = ['build_failed', 'update_failed', 'pre_deploy_failed', 'canceled']

/** @returns the id of the deploy */
export async function startDeploy(
  api: RenderApi,
  service: string,
  inputs: RenderServiceInputs,
): Promise<string> {
  const { body } = await askRender<RenderDeploy | null>(api, {
    method: 'POST',
    path: `/services/${service}/deploys`,
    body: deployToStart(inputs),
    purpose: `deploy ${inputs.name}`,
  })
  if (body !== null) return body.id
  // 202: queued behind one that runs, and not named.
  const newest = await askRender<{ deploy: RenderDeploy }[]>(api, {
    method: 'GET',
    path: `/services/${service}/deploys?limit=1`,
    purpose: `list the deploys of ${inputs.name}`,
  })
  const id = newest.body[0]?.deploy.id
  if (id === undefined) throw new Error(`Render queued a deploy of ${inputs.name} and lists none`)
  return id
}

/** @throws when the deploy fails, or takes longer than it may */
export async function waitUntilLive(
  api: RenderApi,
  service: string,
  deploy: string,
  { name, deploySeconds, pollSeconds }: RenderServiceInputs,
): Promise<void> {
  const deadline = Date.now() + deploySeconds * 1000
  for (;;) {
    const { body } = await askRender<RenderDeploy>(api, {
      method: 'GET',
      path: `/services/${service}/deploys/${deploy}`,
      purpose: `look at deploy ${deploy} of ${name}`,
    })
    const state = body.status ?? 'unknown'
    if (SERVES.includes(state)) return
    const where = `https://dashboard.render.com/web/${service}/deploys/${deploy}`
    if (FAILED.includes(state))
      throw new Error(`The deploy of ${name} ended with ${state}. Its log: ${where}`)
    if (Date.now() > deadline) {
      throw new Error(`The deploy of ${name} is ${state} after ${deploySeconds} s. Its log: ${where}`)
    }
    await pause(pollSeconds)
  }
}
