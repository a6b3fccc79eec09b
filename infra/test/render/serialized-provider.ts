/** The provider as Pulumi runs it, with a configuration. */
import { type RenderServiceProvider, renderServiceProvider } from '../../render/service-provider.ts'
import { revive, sourceOf } from '../revived.ts'

export const serialized: Promise<string> = sourceOf(() => renderServiceProvider)

/** @param config the stack's configuration, without the name of the project */
export async function revived(config: Record<string, string>): Promise<Required<RenderServiceProvider>> {
  const provider = revive<Required<RenderServiceProvider>>(await serialized)
  await provider.configure({
    config: { get: name => config[name], require: name => config[name]! },
  })
  return provider
}
