/**
 * As much of Render as the provider asks for, in memory: a request that is not in Render's description is refused and remembered,
 * and so is an answer of this stub that is not.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Ajv, type ValidateFunction } from 'ajv'
import { OPERATIONS } from './api-description.ts'

export const KEY = 'rnd_knownToTheStubAlone'

type Disk = { id: string; name: string; mountPath: string; sizeGB: number }
export type StubService = {
  id: string
  name: string
  ownerId: string
  suspended: boolean
  imagePath?: string
  repo?: string
  branch?: string
  plan: string
  region: string
  runtime: string
  healthCheckPath: string
  disk?: Disk
  variables: Map<string, string>
  /** Oldest first, each with the states that it still goes through. */
  deploys: { id: string; states: string[]; body: object }[]
}
export type Asked = { operation: string; ids: string[]; body: unknown }
type Refusal = {
  status: number
  headers?: Record<string, string>
  message?: string
  /** It is done all the same, as where only the answer is lost. */
  done?: true
}

const ajv = new Ajv({ allErrors: true, strict: false })
const CHECKS = Object.entries(OPERATIONS).map(([name, operation]) => ({
  name,
  ...operation,
  checkBody: operation.body ? ajv.compile(operation.body) : null,
  checkAnswer: Object.fromEntries(
    Object.entries(operation.answers).map(([status, schema]) => [
      status,
      schema ? ajv.compile(schema) : null,
    ]),
  ) as Record<string, ValidateFunction | null>,
}))

export class StubRender {
  readonly services = new Map<string, StubService>()
  /** All that was asked for and is in the description. */
  readonly asked: Asked[] = []
  /** What was asked for, or answered, against the description. */
  readonly faults: string[] = []
  /** Answers to the next requests of an operation, in the place of what it would do. */
  readonly refusals = new Map<string, Refusal[]>()
  /** The states of the next deploys; each look at one takes a step. */
  deployStates = ['created', 'build_in_progress', 'update_in_progress', 'live']
  /** Whether the next deploy is queued, and answered without a body. */
  queues = false
  #made = 0
  readonly #server = createServer(async (request, response) => {
    const { status, headers = {}, body } = await this.#answer(request)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(body === undefined ? undefined : JSON.stringify(body))
  })

  static async start(): Promise<StubRender> {
    const stub = new StubRender()
    await once(stub.#server.listen(0, '127.0.0.1'), 'listening')
    return stub
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** The operations asked for since the last call, in order. */
  names(): string[] {
    return this.asked.splice(0).map(({ operation }) => operation)
  }

  async #answer(
    request: IncomingMessage,
  ): Promise<{ status: number; headers?: Record<string, string>; body?: unknown }> {
    const { pathname, searchParams } = new URL(request.url!, this.url)
    const path = pathname.replace(/^\/v1/, '')
    const operation = CHECKS.find(each => each.method === request.method && each.path.test(path))
    const fault = (what: string) => {
      this.faults.push(`${request.method} ${path}: ${what}`)
      return { status: 400, body: { message: what } }
    }
    if (!operation) return fault('is not in the description')
    if (request.headers.authorization !== `Bearer ${KEY}`) {
      return { status: 401, body: { message: 'Unauthorized' } }
    }
    const text = (await request.toArray()).join('')
    if (text !== '' && request.headers['content-type'] !== 'application/json') return fault('is not JSON')
    const body = text === '' ? undefined : JSON.parse(text)
    if (operation.checkBody === null ? body !== undefined : !operation.checkBody(body)) {
      return fault(operation.checkBody ? ajv.errorsText(operation.checkBody.errors) : 'takes no body')
    }
    const unknown = [...searchParams.keys()].find(name => !operation.query?.includes(name))
    if (unknown !== undefined) return fault(`has no parameter ${unknown}`)
    const ids = operation.path.exec(path)!.slice(1).map(decodeURIComponent)
    this.asked.push({ operation: operation.name, ids, body })
    const refusal = this.refusals.get(operation.name)?.shift()
    if (refusal) {
      if (refusal.done) this.#do(operation.name, ids, body, searchParams)
      return { ...refusal, body: { message: refusal.message ?? 'refused' } }
    }
    const answer = this.#do(operation.name, ids, body, searchParams)
    if (answer.status < 400) {
      const check = operation.checkAnswer[answer.status]
      if (check === undefined) fault(`does not answer ${answer.status}`)
      else if (check && !check(answer.body)) fault(`answered wrongly: ${ajv.errorsText(check.errors)}`)
    }
    return answer
  }

  #do(
    operation: string,
    [id = '', second = '']: string[],
    // biome-ignore lint/suspicious/noExplicitAny: it has been checked against the description
    body: any,
    query: URLSearchParams,
  ): { status: number; body?: unknown } {
    const gone = { status: 404, body: { message: `not found: ${id}` } }
    if (operation === 'list-services') {
      const found = [...this.services.values()].filter(
        each => each.name === query.get('name') && each.ownerId === query.get('ownerId'),
      )
      return { status: 200, body: found.map(each => ({ service: shown(each), cursor: each.id })) }
    }
    if (operation === 'create-service') return this.#create(body)
    if (operation === 'add-disk') {
      const service = this.services.get(body.serviceId)
      if (!service) return gone
      const { serviceId: _, ...disk } = body
      service.disk = { id: `dsk-${++this.#made}`, ...disk }
      return { status: 201, body: service.disk }
    }
    if (operation === 'update-disk') {
      const service = [...this.services.values()].find(({ disk }) => disk?.id === id)
      if (!service) return gone
      if (service.suspended) return { status: 409, body: { message: 'the service is not active' } }
      if (body.sizeGB <= service.disk!.sizeGB) return { status: 400, body: { message: 'must be greater' } }
      Object.assign(service.disk!, body)
      return { status: 200, body: service.disk }
    }
    const service = this.services.get(id)
    if (!service) return gone
    switch (operation) {
      case 'retrieve-service':
        return { status: 200, body: shown(service) }
      case 'update-service': {
        const { serviceDetails = {}, image, ...rest } = body
        const { envSpecificDetails: _, ...details } = serviceDetails
        const { autoDeploy: __, autoDeployTrigger: ___, ...fields } = rest
        Object.assign(service, fields, details, image ? { imagePath: image.imagePath } : {})
        return { status: 200, body: shown(service) }
      }
      case 'delete-service':
        this.services.delete(id)
        return { status: 204 }
      case 'suspend-service':
      case 'resume-service':
        service.suspended = operation === 'suspend-service'
        return { status: 202 }
      case 'create-deploy': {
        if (service.suspended) return { status: 400, body: { message: 'the service is suspended' } }
        const deploy = this.#deploy(service, body)
        return this.queues ? { status: 202 } : { status: 201, body: { id: deploy.id, status: 'created' } }
      }
      case 'list-deploys': {
        const newest = service.deploys.toReversed().slice(0, Number(query.get('limit') ?? 20))
        const listed = newest.map(each => ({
          deploy: { id: each.id, status: each.states[0] },
          cursor: each.id,
        }))
        return { status: 200, body: listed }
      }
      case 'retrieve-deploy': {
        const deploy = service.deploys.find(each => each.id === second)
        if (!deploy) return gone
        const [status] = deploy.states
        if (deploy.states.length > 1) deploy.states.shift()
        return { status: 200, body: { id: deploy.id, status } }
      }
      case 'get-env-vars-for-service': {
        const all = [...service.variables].map(([key, value]) => ({ envVar: { key, value }, cursor: key }))
        const from = all.findIndex(({ cursor }) => cursor === query.get('cursor')) + 1
        return { status: 200, body: all.slice(from, from + Number(query.get('limit') ?? 20)) }
      }
      case 'update-env-var':
        service.variables.set(second, this.#value(body))
        return { status: 200, body: { key: second, value: service.variables.get(second) } }
      case 'delete-env-var':
        return service.variables.delete(second) ? { status: 204 } : gone
      default:
        throw new Error(`the stub does not know ${operation}`)
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: it has been checked against the description
  #create(body: any): { status: number; body?: unknown } {
    if ([...this.services.values()].some(({ name }) => name === body.name)) {
      return { status: 400, body: { message: 'name is taken' } }
    }
    const { serviceDetails: details } = body
    const service: StubService = {
      id: `srv-${++this.#made}`,
      name: body.name,
      ownerId: body.ownerId,
      suspended: false,
      ...(body.image
        ? { imagePath: body.image.imagePath }
        : { repo: body.repo, branch: body.branch ?? 'main' }),
      plan: details.plan,
      region: details.region ?? 'oregon',
      runtime: details.runtime,
      healthCheckPath: details.healthCheckPath ?? '/',
      ...(details.disk ? { disk: { id: `dsk-${++this.#made}`, sizeGB: 1, ...details.disk } } : {}),
      variables: new Map(
        (body.envVars ?? []).map(
          (each: { key: string; value?: string }) => [each.key, this.#value(each)] as const,
        ),
      ),
      deploys: [],
    }
    this.services.set(service.id, service)
    return { status: 201, body: { service: shown(service), deployId: this.#deploy(service, {}).id } }
  }

  #deploy(service: StubService, body: object): { id: string } {
    const deploy = { id: `dep-${++this.#made}`, states: [...this.deployStates], body }
    service.deploys.push(deploy)
    return deploy
  }

  #value({ value }: { value?: string }): string {
    return value ?? `made-by-render-${++this.#made}`
  }
}

function shown(service: StubService): object {
  const { id, name, ownerId, imagePath, repo, branch, plan, region, runtime, healthCheckPath, disk } = service
  return {
    ...{ id, name, ownerId, type: 'web_service', autoDeploy: 'no', rootDir: '', slug: name },
    ...(imagePath ? { imagePath } : { repo, branch }),
    suspended: service.suspended ? 'suspended' : 'not_suspended',
    suspenders: service.suspended ? ['user'] : [],
    dashboardUrl: `https://dashboard.render.com/web/${id}`,
    serviceDetails: {
      ...{ plan, region, runtime, healthCheckPath, numInstances: 1, envSpecificDetails: {} },
      ...(disk ? { disk } : {}),
      url: `https://${name}.onrender.com`,
    },
  }
}
