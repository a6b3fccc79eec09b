/** Asks the rules about every resource of a program, before the engine hears of it. */
import * as pulumi from '@pulumi/pulumi'
import { type Planned, type Rule, rules } from './rules.ts'

/**
 * To be called before the first resource is made. In a preview, which comes before each `pulumi up`, nothing exists yet when
 * it refuses.
 *
 * @param deleteData whether volumes may go with their data
 */
export function enforcePolicy(deleteData: boolean): void {
  const all = rules(deleteData)
  pulumi.runtime.registerStackTransformation(({ type, name, props, opts }) => {
    const planned = (inputs: Record<string, unknown>): Planned => ({
      type,
      name,
      inputs,
      options: opts as Planned['options'],
    })
    const { known, complete } = knownOf(props)
    refuse(all, planned(known as Record<string, unknown>))
    // What depends on another resource is asked about as soon as that exists, or the preview knows it.
    if (!complete) pulumi.output(props).apply(inputs => refuse(all, planned(inputs)))
    return undefined
  })
}

function refuse(all: Rule[], planned: Planned): void {
  const faults = all.flatMap(rule => rule(planned))
  if (faults.length > 0)
    throw new pulumi.RunError(`This is not deployed:\n${faults.map(each => `  ${each}`).join('\n')}`)
}

/** The same without what is still to come. */
function knownOf(value: unknown): { known: unknown; complete: boolean } {
  if (pulumi.Output.isInstance(value) || value instanceof Promise)
    return { known: undefined, complete: false }
  if (Array.isArray(value)) {
    const each = value.map(knownOf)
    return { known: each.map(({ known }) => known), complete: each.every(({ complete }) => complete) }
  }
  if (typeof value === 'object' && value !== null) {
    const each = Object.entries(value).map(([name, inner]) => [name, knownOf(inner)] as const)
    return {
      known: Object.fromEntries(each.map(([name, { known }]) => [name, known])),
      complete: each.every(([, { complete }]) => complete),
    }
  }
  return { known: value, complete: true }
}
