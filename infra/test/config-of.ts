/** A configuration without a stack: what a target is handed, or what is wrong with it. */
import type { Config } from '../config/of-stack.ts'
import { readConfiguration } from '../config/read.ts'

/** @param values plain ones, without `intent-bus:` @throws {InvalidConfiguration} */
export function configOf(values: Record<string, string>): Config {
  return { ...readConfiguration({ values, isSecret: () => false }).values, secrets: {} }
}
