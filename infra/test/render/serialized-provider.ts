/**
 * The provider as Pulumi runs it: its source, as it stands in the state, compiled anew in a module that has nothing else. What cannot
 * be carried over fails here, as it would in the engine.
 */
import Module from 'node:module'
import * as pulumi from '@pulumi/pulumi'
import { type RenderServiceProvider, renderServiceProvider } from '../../render/service-provider.ts'

/** As pulumi.dynamic.Resource does it (`serializeProvider` in @pulumi/pulumi/dynamic/index.js). */
export async function serialized(): Promise<string> {
  const { text } = await pulumi.runtime.serializeFunction(() => renderServiceProvider)
  return text
}

/** @param config the stack's configuration, without the name of the project */
export async function revived(config: Record<string, string>): Promise<Required<RenderServiceProvider>> {
  const module = new Module('/provider.js') as Module & { _compile(text: string, path: string): void }
  module.paths = []
  module._compile(await serialized(), '/provider.js')
  const provider = (module.exports as { handler(): Required<RenderServiceProvider> }).handler()
  await provider.configure({
    config: { get: name => config[name], require: name => config[name]! },
  })
  return provider
}
