/**
 * The variables of a service, set one by one: those that Render has made keep their values, and those that somebody has added by
 * hand are left alone.
 */
import { askRender, type RenderApi } from './api.ts'
import type { RenderServiceInputs } from './service-inputs.ts'

/** @returns all of them, with their values */
export async function readVariables(api: RenderApi, service: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  let cursor = ''
  for (;;) {
    const { body } = await askRender<{ envVar: { key: string; value: string }; cursor: string }[]>(api, {
      method: 'GET',
      path: `/services/${service}/env-vars?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      purpose: `read the variables of ${service}`,
    })
    for (const { envVar } of body) found.set(envVar.key, envVar.value)
    if (body.length < 100) return found
    cursor = body.at(-1)!.cursor
  }
}

type Set = Pick<RenderServiceInputs, 'environment' | 'secretEnvironment' | 'generated'>

/**
 * Sets what differs, and removes what was set before and is not any more.
 * @param before what was set by the last run; nothing else is removed
 */
export async function setVariables(api: RenderApi, service: string, before: Set, now: Set): Promise<void> {
  const there = await readVariables(api, service)
  const wanted = { ...now.environment, ...now.secretEnvironment }
  const variable = (name: string) => `/services/${service}/env-vars/${encodeURIComponent(name)}`
  const put = (name: string, body: object) =>
    askRender(api, { method: 'PUT', path: variable(name), body, purpose: `set ${name} of ${service}` })
  for (const [name, value] of Object.entries(wanted)) {
    if (there.get(name) !== value) await put(name, { value })
  }
  for (const name of now.generated) {
    // A value that was set until now is not one that Render has made.
    const made = there.has(name) && !(name in { ...before.environment, ...before.secretEnvironment })
    if (!made) await put(name, { generateValue: true })
  }
  const names = [...Object.keys({ ...before.environment, ...before.secretEnvironment }), ...before.generated]
  for (const name of names) {
    if (name in wanted || now.generated.includes(name) || !there.has(name)) continue
    const purpose = `remove ${name} of ${service}`
    await askRender(api, { method: 'DELETE', path: variable(name), purpose, mayBeGone: true })
  }
}
