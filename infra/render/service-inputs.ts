/** What a web service on Render is made from, what is looked at before, and the requests that it becomes. */

import { isPinned } from '../config/kinds.ts'

/** An image that Render pulls, or a repository that it builds by its Dockerfile. */
export type RenderSource =
  | {
      /** Best with a digest, so that what runs is what was looked at: `ghcr.io/you/intent-bus@sha256:…`. */
      image: string
      /** Of a private registry: `rgc-…`. */
      registryCredentialId?: string
    }
  | {
      /** `https://github.com/you/intent-bus`, which Render must be allowed to read. */
      repo: string
      /** The repository's default branch, unless given. */
      branch?: string
      /** 40 hex digits; the newest of the branch, unless given. */
      commit?: string
      /** `./Dockerfile`, unless given. */
      dockerfilePath?: string
    }

export type RenderDisk = {
  /** What the dashboard calls it. It is given when the disk is made; another one afterwards changes nothing. */
  name: string
  /** Absolute: `/data`. */
  mountPath: string
  /** Gigabytes; it can grow, and never shrink. */
  sizeGB: number
}

/** All values are known; secrets have been unwrapped. */
export type RenderServiceInputs = {
  /** Unique in the workspace; a part of the address. */
  name: string
  /** The workspace, `tea-…` or `usr-…`: its Settings page has it. */
  ownerId: string
  source: RenderSource
  region: string
  plan: string
  /** Begins with `/`. */
  healthCheckPath: string
  disk?: RenderDisk
  environment: Record<string, string>
  /** Encrypted in the state, and never shown. */
  secretEnvironment: Record<string, string>
  /** Names of variables whose values Render makes, 256 bits each, once; they are in no state. */
  generated: string[]
  /** Whether the disk goes when the service is destroyed; otherwise the service is suspended, and keeps it. */
  deleteData: boolean
  /** Seconds that a deploy may take: 1200 unless told otherwise. */
  deploySeconds: number
  /** Seconds between two looks at a deploy: 5 unless told otherwise. */
  pollSeconds: number
  /** Another place of the API, for tests. */
  apiUrl: string
}

export const REGIONS = ['frankfurt', 'oregon', 'ohio', 'singapore', 'virginia']
/** The field `plan` of Render's description, but for `custom`. */
export const PLANS = [
  ...['free', 'starter', 'starter_plus', 'standard', 'standard_plus'],
  ...['pro', 'pro_plus', 'pro_max', 'pro_ultra'],
]

type Failure = { property: string; reason: string }

/**
 * What Render would refuse, or what would cost the data.
 * @param olds what is there now, empty when nothing is
 * @param unknown whether a value is not known yet, in a preview
 */
export function faultsOf(
  olds: Partial<RenderServiceInputs>,
  news: RenderServiceInputs,
  unknown: (value: unknown) => boolean,
): Failure[] {
  const faults: Failure[] = []
  const expect = (property: string, value: unknown, well: boolean, takes: string) => {
    if (well || unknown(value)) return
    faults.push({ property, reason: `${property} takes ${takes}; got ${JSON.stringify(value)}` })
  }
  const { disk } = news
  const source = unknown(news.source) ? null : news.source
  expect('name', news.name, /^[a-z0-9][a-z0-9-]{0,62}$/.test(news.name), 'up to 63 of a-z, 0-9 and -')
  expect(
    'ownerId',
    news.ownerId,
    /^(tea|usr|own)-\w+$/.test(news.ownerId),
    'the id of a workspace, tea-… or usr-…',
  )
  expect('region', news.region, REGIONS.includes(news.region), `one of ${REGIONS.join(', ')}`)
  expect('plan', news.plan, PLANS.includes(news.plan), `one of ${PLANS.join(', ')}`)
  expect(
    'healthCheckPath',
    news.healthCheckPath,
    news.healthCheckPath.startsWith('/'),
    'a path that begins with /',
  )
  if (source !== null && 'image' in source) {
    const takes = 'the name of an image with a digest, or with a tag that is not latest'
    expect('source.image', source.image, isPinned(source.image), takes)
  } else if (source !== null) {
    expect(
      'source.repo',
      source.repo,
      /^https:\/\/[^\s/]+\/\S+$/.test(source.repo),
      'the https:// address of a repository',
    )
    const { commit } = source
    expect('source.commit', commit, commit === undefined || /^[0-9a-f]{40}$/.test(commit), '40 hex digits')
  }
  const names = [news.environment, news.secretEnvironment, news.generated].flatMap(set =>
    unknown(set) ? [] : Array.isArray(set) ? set : Object.keys(set),
  )
  for (const name of names) {
    expect('environment', name, /^[A-Za-z_]\w*$/.test(name), 'names of letters, digits and _')
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) {
    faults.push({ property: 'environment', reason: `${twice} is set twice; each variable has one value` })
  }
  if (disk !== undefined && !unknown(disk)) {
    expect(
      'disk.mountPath',
      disk.mountPath,
      /^\/[^\s]+$/.test(disk.mountPath),
      'an absolute path that is not /',
    )
    const size = disk.sizeGB
    expect('disk.sizeGB', size, size === 1 || (size >= 5 && size % 5 === 0), '1, or a multiple of 5')
    expect('plan', news.plan, news.plan !== 'free', 'a paid plan where there is a disk')
  }
  return [...faults, ...lossesOf(olds, news, unknown)]
}

/** A service takes its disk along, so one that has a disk is never replaced and never loses it by a slip. */
function lossesOf(
  olds: Partial<RenderServiceInputs>,
  news: RenderServiceInputs,
  unknown: (value: unknown) => boolean,
): Failure[] {
  const was = olds.disk
  if (was === undefined || unknown(news.disk)) return []
  const instead =
    'To do it all the same: a backup, `pulumi destroy` after deleteData, `pulumi up`, and the restore'
  const losses: Failure[] = []
  for (const property of ['region', 'ownerId'] as const) {
    if (olds[property] === news[property] || unknown(news[property])) continue
    losses.push({
      property,
      reason: `${property} cannot change from ${olds[property]} to ${news[property]} without another service, and the disk goes with this one. ${instead}`,
    })
  }
  const now = news.disk
  if (now === undefined) {
    losses.push({
      property: 'disk',
      reason: `disk is gone, and with it the data in ${was.mountPath}. ${instead}`,
    })
  } else {
    if (now.sizeGB < was.sizeGB) {
      losses.push({
        property: 'disk.sizeGB',
        reason: `disk.sizeGB can only grow; it is ${was.sizeGB}, got ${now.sizeGB}`,
      })
    }
    if (now.mountPath !== was.mountPath) {
      losses.push({
        property: 'disk.mountPath',
        reason: `disk.mountPath is ${was.mountPath} and stays so; got ${now.mountPath}`,
      })
    }
  }
  return losses
}

/** Fields that a request to make a service and one to change it have in common. */
function sourceFields(inputs: RenderServiceInputs) {
  const { source, ownerId } = inputs
  if ('image' in source) {
    const { image, registryCredentialId } = source
    const credential = registryCredentialId === undefined ? {} : { registryCredentialId }
    return { image: { ownerId, imagePath: image, ...credential } }
  }
  return { repo: source.repo, ...(source.branch === undefined ? {} : { branch: source.branch }) }
}

const runtimeOf = ({ source }: RenderServiceInputs) => ('image' in source ? 'image' : 'docker')

function detailFields(inputs: RenderServiceInputs) {
  const { source } = inputs
  const docker =
    'image' in source
      ? {}
      : { envSpecificDetails: { dockerfilePath: source.dockerfilePath ?? './Dockerfile' } }
  return { plan: inputs.plan, healthCheckPath: inputs.healthCheckPath, ...docker }
}

/** `servicePOST` of Render's description. A deploy begins by itself, and none at a push: `pulumi up` deploys. */
export function serviceToMake(inputs: RenderServiceInputs) {
  const variables = Object.entries({ ...inputs.environment, ...inputs.secretEnvironment })
  return {
    type: 'web_service',
    name: inputs.name,
    ownerId: inputs.ownerId,
    autoDeploy: 'no',
    autoDeployTrigger: 'off',
    ...sourceFields(inputs),
    envVars: [
      ...variables.map(([key, value]) => ({ key, value })),
      ...inputs.generated.map(key => ({ key, generateValue: true })),
    ],
    serviceDetails: {
      runtime: runtimeOf(inputs),
      region: inputs.region,
      numInstances: 1,
      ...detailFields(inputs),
      ...(inputs.disk === undefined ? {} : { disk: inputs.disk }),
    },
  }
}

/** `servicePATCH`: all that a service can change about itself. Disk and variables have requests of their own. */
export function serviceToChange(inputs: RenderServiceInputs) {
  return {
    name: inputs.name,
    autoDeploy: 'no',
    autoDeployTrigger: 'off',
    ...sourceFields(inputs),
    serviceDetails: { runtime: runtimeOf(inputs), ...detailFields(inputs) },
  }
}

/** `createDeployBody`: this image, or this commit, or the newest of the branch. */
export function deployToStart({ source }: RenderServiceInputs): Record<string, string> {
  if ('image' in source) return { imageUrl: source.image }
  return source.commit === undefined ? {} : { commitId: source.commit }
}
