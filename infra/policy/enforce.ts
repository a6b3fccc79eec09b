/** Asks the rules about every resource of a program, before the engine hears of it. */
import * as pulumi from '@pulumi/pulumi'
import { type Planned, type Rule, rules, TO_COME } from './rules.ts'

/**
 * To be called before the first resource is made. In a preview, which comes before each `pulumi up`, nothing exists yet when
 * it refuses.
 *
 * @param deleteData whether volumes may go with their data
 */
export function enforcePolicy(deleteData: boolean): void {
  const all = rules(deleteData)
  pulumi.runtime.registerStackTransformation(({ type, name, props, opts }) => {
    const ask = (inputs: Record<string, unknown>) =>
      refuse(all, { type, name, inputs, options: opts as Planned['options'] })
    const { known, toCome } = knownOf(props)
    ask(known as Record<string, unknown>)
    const [waiting] = Object.keys(props).filter(key => toCome.includes(key))
    if (waiting === undefined) return undefined
    // What depends on another resource is asked about when that is there, and one input waits for the answer.
    const answer = pulumi.unsecret(pulumi.output(props)).apply(ask)
    const value = pulumi.all([props[waiting], answer]).apply(([value]) => value)
    return { props: { ...props, [waiting]: value }, opts }
  })
}

function refuse(all: Rule[], planned: Planned): void {
  const faults = all.flatMap(rule => rule(planned))
  if (faults.length > 0)
    throw new pulumi.RunError(`This is not deployed:\n${faults.map(each => `  ${each}`).join('\n')}`)
}

/** The same with what is still to come left open, and in which of its properties there is such. */
function knownOf(value: unknown): { known: unknown; toCome: string[] } {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return { known: TO_COME, toCome: ['it'] }
  if (typeof value !== 'object' || value === null) return { known: value, toCome: [] }
  const each = Object.entries(value).map(([key, inner]) => ({ key, ...knownOf(inner) }))
  const toCome = each.filter(inner => inner.toCome.length > 0).map(({ key }) => key)
  if (Array.isArray(value)) return { known: each.map(({ known }) => known), toCome }
  return { known: Object.fromEntries(each.map(({ key, known }) => [key, known])), toCome }
}
