/**
 * A dynamic provider as Pulumi runs it: its source, as it stands in the state, compiled anew in a module that has nothing else. What
 * cannot be carried over fails here, as it would in the engine.
 */
import Module, { createRequire } from 'node:module'
import * as pulumi from '@pulumi/pulumi'

/** The source as pulumi.dynamic.Resource keeps it (`serializeProvider` in @pulumi/pulumi/dynamic/index.js). */
export async function sourceOf(provider: () => object): Promise<string> {
  const { text } = await pulumi.runtime.serializeFunction(provider)
  return text
}

/** @param source of `sourceOf`, which takes half a second to find it */
export function revive<Provider extends object>(source: string): Provider {
  const module = new Module('/provider.js') as Module & { _compile(text: string, path: string): void }
  module.paths = []
  module.require = createRequire('/provider.js')
  module._compile(source, '/provider.js')
  return (module.exports as { handler(): Provider }).handler()
}
