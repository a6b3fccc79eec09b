import type { Definition } from '../http/endpoints/definition.ts'
import { endpointsOf } from '../http/endpoints/endpoints.ts'
import { openApiDocument } from '../http/openapi/document.ts'
import type { AppSettings } from '../http/settings.ts'
import type { Secrets } from '../secrets/first-start.ts'
import { appSettings } from './app-settings.ts'
import { readConfig } from './config.ts'
import { SECRET_NAMES } from './secret-variables.ts'

export function defaultSettings(): AppSettings {
  const secrets = Object.fromEntries(SECRET_NAMES.map(name => [name, ''])) as Secrets['values']
  return appSettings(readConfig({}), secrets, '')
}

/** What a bus with nothing set serves. */
export const defaultDefinitions = (): Definition[] =>
  endpointsOf(defaultSettings()).map(({ definition }) => definition)

/** The OpenAPI document of a bus with nothing set, from which the client's types and the tables in docs/ are made. */
export const defaultDocument = (): ReturnType<typeof openApiDocument> =>
  openApiDocument(defaultSettings(), defaultDefinitions())
