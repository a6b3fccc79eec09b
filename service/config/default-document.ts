import { openApiDocument } from '../http/openapi/document.ts'
import type { Secrets } from '../secrets/first-start.ts'
import { appSettings } from './app-settings.ts'
import { readConfig } from './config.ts'
import { SECRET_NAMES } from './secret-variables.ts'

/** The OpenAPI document of a bus with nothing set, from which the client's types and the tables in docs/ are made. */
export function defaultDocument(): ReturnType<typeof openApiDocument> {
  const secrets = Object.fromEntries(SECRET_NAMES.map(name => [name, ''])) as Secrets['values']
  return openApiDocument(appSettings(readConfig({}), secrets, ''))
}
