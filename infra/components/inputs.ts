/** Inputs of a component, which may be outputs of another resource. */
import * as pulumi from '@pulumi/pulumi'

/**
 * What `f` makes of an input: at once where that is known, so that a rule can refuse a resource before it is asked for; otherwise
 * when it is.
 */
export function mapped<T, U>(
  input: pulumi.Input<T>,
  f: (value: pulumi.Unwrap<T>) => U,
): U | pulumi.Output<U> {
  return isToCome(input) ? pulumi.output(input).apply(f) : f(input as pulumi.Unwrap<T>)
}

function isToCome(value: unknown): boolean {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(isToCome)
}
