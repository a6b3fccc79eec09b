/**
 * The part of Render's API that the provider uses: which requests there are, what they take and what they answer. Transcribed from
 * the types that Render generates out of its own OpenAPI description for its SDK (`typescript/src/generated/schema.ts` in
 * github.com/render-oss/sdk), so second-hand: the description itself could not be fetched. Where it is silent, the documentation
 * of the blueprint and of the limits is followed, and named. Fields that are not in it are refused, so that a slip does not pass.
 */
const text = { type: 'string', minLength: 1 }

const object = (required: Record<string, object>, optional: Record<string, object> = {}) => ({
  type: 'object',
  required: Object.keys(required),
  additionalProperties: false,
  properties: { ...required, ...optional },
})

const autoDeploy = { enum: ['yes', 'no'] }
const autoDeployTrigger = { enum: ['commit', 'off', 'checksPass'] }
const runtime = { enum: ['docker', 'elixir', 'go', 'node', 'python', 'ruby', 'rust', 'image'] }
const region = { enum: ['frankfurt', 'oregon', 'ohio', 'singapore', 'virginia'] }
const plan = {
  enum: [
    ...['starter', 'starter_plus', 'standard', 'standard_plus'],
    ...['pro', 'pro_plus', 'pro_max', 'pro_ultra', 'free', 'custom'],
  ],
}
const path = { type: 'string', pattern: '^/' }
const image = object({ ownerId: text, imagePath: text }, { registryCredentialId: text })
const docker = object(
  {},
  { dockerCommand: text, dockerContext: text, dockerfilePath: text, registryCredentialId: text },
)
/** 1 or a multiple of 5: the blueprint's documentation. */
const sizeGB = { type: 'integer', anyOf: [{ const: 1 }, { multipleOf: 5, minimum: 5 }] }
const key = { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }
const variableValue = {
  anyOf: [object({ value: { type: 'string' } }), object({ generateValue: { const: true } })],
}

/** Where a service comes from, and when it is made anew. */
const source = {
  repo: { type: 'string', pattern: '^https://' },
  branch: text,
  image,
  autoDeploy,
  autoDeployTrigger,
  rootDir: text,
}

const servicePost = {
  ...object(
    { type: { const: 'web_service' }, name: text, ownerId: text, serviceDetails: webServicePost() },
    {
      ...source,
      envVars: {
        type: 'array',
        items: {
          anyOf: [
            object({ key, value: { type: 'string' } }),
            object({ key, generateValue: { const: true } }),
          ],
        },
      },
      environmentId: text,
    },
  ),
  oneOf: [{ required: ['repo'] }, { required: ['image'] }],
}

function webServicePost() {
  return {
    ...object(
      { runtime, plan },
      {
        disk: object({ name: text, mountPath: { type: 'string', pattern: '^/.' } }, { sizeGB }),
        envSpecificDetails: docker,
        healthCheckPath: path,
        numInstances: { type: 'integer', minimum: 1 },
        region,
        preDeployCommand: text,
        maxShutdownDelaySeconds: { type: 'integer', minimum: 1, maximum: 300 },
      },
    ),
    // The documentation of disks: one instance, of a paid plan.
    if: { required: ['disk'] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: { properties: { numInstances: { maximum: 1 }, plan: { not: { const: 'free' } } } },
  }
}

const servicePatch = object(
  {},
  {
    name: text,
    ...source,
    serviceDetails: object(
      {},
      { plan, runtime, healthCheckPath: path, envSpecificDetails: docker, preDeployCommand: text },
    ),
  },
)

const deployPost = {
  ...object(
    {},
    {
      clearCache: { enum: ['clear', 'do_not_clear'] },
      commitId: { type: 'string', pattern: '^[0-9a-f]{40}$' },
      imageUrl: text,
      deployMode: { enum: ['deploy_only', 'build_and_deploy'] },
    },
  ),
  // A deploy has one source.
  not: { required: ['commitId', 'imageUrl'] },
}

const diskPost = object({
  name: text,
  sizeGB,
  mountPath: { type: 'string', pattern: '^/.' },
  serviceId: text,
})
const diskPatch = object({}, { name: text, sizeGB, mountPath: { type: 'string', pattern: '^/.' } })

const service = {
  type: 'object',
  required: ['id', 'name', 'type', 'ownerId', 'suspended', 'dashboardUrl', 'autoDeploy', 'serviceDetails'],
  properties: {
    type: { const: 'web_service' },
    suspended: { enum: ['suspended', 'not_suspended'] },
    autoDeploy,
    imagePath: text,
    repo: text,
    branch: text,
    serviceDetails: {
      type: 'object',
      required: ['envSpecificDetails', 'healthCheckPath', 'numInstances', 'plan', 'region', 'runtime', 'url'],
      properties: {
        plan,
        region,
        runtime,
        healthCheckPath: path,
        disk: object({ id: text, name: text, sizeGB: { type: 'integer' }, mountPath: text }),
      },
    },
  },
}
const deploy = {
  type: 'object',
  required: ['id'],
  properties: {
    id: text,
    status: {
      enum: [
        ...[
          'created',
          'queued',
          'build_in_progress',
          'update_in_progress',
          'live',
          'deactivated',
          'build_failed',
        ],
        ...['update_failed', 'canceled', 'pre_deploy_in_progress', 'pre_deploy_failed'],
      ],
    },
  },
}
const listOf = (name: string, item: object) => ({
  type: 'array',
  items: { type: 'object', required: [name, 'cursor'], properties: { [name]: item, cursor: text } },
})
const variable = object({ key, value: { type: 'string' } })

export type Operation = {
  method: string
  /** Groups: the ids in the path. */
  path: RegExp
  query?: string[]
  body?: object
  /** By status; null where there is no body. */
  answers: Record<number, object | null>
}

/** Named as Render names them. */
export const OPERATIONS: Record<string, Operation> = {
  'list-services': {
    method: 'GET',
    path: /^\/services$/,
    query: ['name', 'ownerId', 'limit', 'cursor', 'type', 'region', 'suspended'],
    answers: { 200: listOf('service', service) },
  },
  'create-service': {
    method: 'POST',
    path: /^\/services$/,
    body: servicePost,
    answers: { 201: object({ service, deployId: text }) },
  },
  'retrieve-service': { method: 'GET', path: /^\/services\/([^/]+)$/, answers: { 200: service } },
  'update-service': {
    method: 'PATCH',
    path: /^\/services\/([^/]+)$/,
    body: servicePatch,
    answers: { 200: service },
  },
  'delete-service': { method: 'DELETE', path: /^\/services\/([^/]+)$/, answers: { 204: null } },
  'suspend-service': { method: 'POST', path: /^\/services\/([^/]+)\/suspend$/, answers: { 202: null } },
  'resume-service': { method: 'POST', path: /^\/services\/([^/]+)\/resume$/, answers: { 202: null } },
  'create-deploy': {
    method: 'POST',
    path: /^\/services\/([^/]+)\/deploys$/,
    body: deployPost,
    answers: { 201: deploy, 202: null },
  },
  'list-deploys': {
    method: 'GET',
    path: /^\/services\/([^/]+)\/deploys$/,
    query: ['limit', 'cursor', 'status'],
    answers: { 200: listOf('deploy', deploy) },
  },
  'retrieve-deploy': {
    method: 'GET',
    path: /^\/services\/([^/]+)\/deploys\/([^/]+)$/,
    answers: { 200: deploy },
  },
  'get-env-vars-for-service': {
    method: 'GET',
    path: /^\/services\/([^/]+)\/env-vars$/,
    query: ['limit', 'cursor'],
    answers: { 200: listOf('envVar', variable) },
  },
  'update-env-var': {
    method: 'PUT',
    path: /^\/services\/([^/]+)\/env-vars\/([^/]+)$/,
    body: variableValue,
    answers: { 200: variable },
  },
  'delete-env-var': {
    method: 'DELETE',
    path: /^\/services\/([^/]+)\/env-vars\/([^/]+)$/,
    answers: { 204: null },
  },
  'add-disk': {
    method: 'POST',
    path: /^\/disks$/,
    body: diskPost,
    answers: { 201: object({ id: text }, { ...diskPost.properties, createdAt: text, updatedAt: text }) },
  },
  'update-disk': {
    method: 'PATCH',
    path: /^\/disks\/([^/]+)$/,
    body: diskPatch,
    answers: { 200: object({ id: text }, { ...diskPost.properties, createdAt: text, updatedAt: text }) },
  },
}
