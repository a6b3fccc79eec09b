/** A web service on Render as a resource of Pulumi, for this program and for yours. */
import * as pulumi from '@pulumi/pulumi'
import type { RenderDisk, RenderSource } from './service-inputs.ts'
import { renderServiceProvider } from './service-provider.ts'

export type RenderServiceArgs = {
  /** Unique in the workspace, and the first part of the address: up to 63 of a-z, 0-9 and -. */
  name: pulumi.Input<string>
  /** The workspace: `tea-…` or `usr-…`, from its Settings page. */
  ownerId: pulumi.Input<string>
  /** An image with its digest, or a repository that Render builds by its Dockerfile. */
  source: pulumi.Input<RenderSource>
  /** `frankfurt`, `ohio`, `oregon`, `singapore` or `virginia`; `oregon` unless given, as with Render itself. */
  region?: pulumi.Input<string>
  /** The instance type; `starter` unless given, the smallest that can have a disk. */
  plan?: pulumi.Input<string>
  /** Render asks it, and restarts what does not answer. Begins with `/`. */
  healthCheckPath: pulumi.Input<string>
  /** Can grow later, and not shrink, move or go. Allows one instance, and costs by the gigabyte. */
  disk?: pulumi.Input<RenderDisk>
  /** Plain in the state and on the dashboard: no secrets. */
  environment?: pulumi.Input<Record<string, pulumi.Input<string>>>
  /** Encrypted in the state. */
  secretEnvironment?: pulumi.Input<Record<string, pulumi.Input<string>>>
  /** Names of variables that Render fills with 256 random bits, once. Their values are in no state: the dashboard shows them. */
  generated?: pulumi.Input<string[]>
  /** Whether `pulumi destroy` deletes the service with its disk; unless given it suspends the service, and `pulumi up` resumes it. */
  deleteData?: pulumi.Input<boolean>
  /** Seconds that a deploy may take; 1200 unless given. */
  deploySeconds?: pulumi.Input<number>
  /** Seconds between two looks at a deploy; 5 unless given. */
  pollSeconds?: pulumi.Input<number>
  /** Another place of the API, for tests. */
  apiUrl?: pulumi.Input<string>
}

/**
 * `create` waits until the service serves; a change is deployed, and waited for. The key of the API is `renderApiKey` of the
 * stack's configuration, or `RENDER_API_KEY` in the environment, at every run; no state has it.
 */
export class RenderService extends pulumi.dynamic.Resource {
  declare readonly url: pulumi.Output<string>
  declare readonly dashboardUrl: pulumi.Output<string>
  /** `dsk-…`, or empty without a disk. */
  declare readonly diskId: pulumi.Output<string>

  constructor(name: string, args: RenderServiceArgs, options: pulumi.CustomResourceOptions = {}) {
    const props = {
      region: 'oregon',
      plan: 'starter',
      environment: {},
      generated: [],
      deleteData: false,
      deploySeconds: 1200,
      pollSeconds: 5,
      apiUrl: '',
      ...args,
      secretEnvironment: pulumi.secret(args.secretEnvironment ?? {}),
      // Known once the service is there.
      url: undefined,
      dashboardUrl: undefined,
      diskId: undefined,
      suspended: undefined,
    }
    super(
      renderServiceProvider,
      name,
      props,
      pulumi.mergeOptions(options, { additionalSecretOutputs: ['secretEnvironment'] }),
      'intent-bus',
      'RenderService',
    )
  }
}
