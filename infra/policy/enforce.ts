/** Asks the rules about every resource of a program, before it is made. */
import * as pulumi from '@pulumi/pulumi'
import { type Planned, rules, TO_COME } from './rules.ts'

/**
 * To be called before the first resource is made. In a preview, which comes before each `pulumi up`, nothing exists yet when
 * it refuses. With `--skip-preview`, what the refused resource depends on may exist by then.
 *
 * @param deleteData whether volumes may go with their data
 */
export function enforcePolicy(deleteData: boolean): void {
  pulumi.runtime.registerResourceTransform(policy(deleteData))
}

/** A transform that changes nothing, and fails for what the rules refuse. The engine asks it about each resource, by its final inputs and options. */
export function policy(deleteData: boolean): pulumi.ResourceTransform {
  const all = rules(deleteData)
  return async ({ type, name, props, opts }) => {
    const inputs = (await asKnown(props)) as Planned['inputs']
    const planned = { type, name, inputs, options: opts as Planned['options'] }
    const faults = all.flatMap(rule => rule(planned))
    if (faults.length > 0)
      throw new pulumi.RunError(`This is not deployed:\n${faults.map(each => `  ${each}`).join('\n')}`)
    return undefined
  }
}

/** What Pulumi's types leave out. */
type Asked = { isKnown: Promise<boolean>; promise(): Promise<unknown> }

/** The inputs as values. In a preview, what depends on a resource that does not exist yet is left open; secrets are looked at. */
async function asKnown(value: unknown): Promise<unknown> {
  if (pulumi.Output.isInstance(value)) {
    const output = value as unknown as Asked
    return (await output.isKnown) ? asKnown(await output.promise()) : TO_COME
  }
  if (pulumi.isUnknown(value)) return TO_COME
  if (pulumi.runtime.isRpcSecret(value)) return asKnown(pulumi.runtime.unwrapRpcSecret(value))
  if (Array.isArray(value)) return Promise.all(value.map(asKnown))
  // Files and references to resources are left as they are.
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value
  }
  const entries = Object.entries(value).map(async ([key, inner]) => [key, await asKnown(inner)] as const)
  return Object.fromEntries(await Promise.all(entries))
}
