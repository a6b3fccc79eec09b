/** Makes `src/openapi.ts` of the bus's OpenAPI document. `npm run wire` writes it; a test holds it to the document. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defaultDocument } from '@intent-bus/service/config/default-document'
import openapiTypescript, { astToString, type OpenAPI3 } from 'openapi-typescript'
import { clientDocument } from './client-document.ts'

const PATH = fileURLToPath(new URL('../src/openapi.ts', import.meta.url))

const HEAD = `/**
 * What goes over the wire, in the names of this language: made from the OpenAPI document of the bus by
 * \`npm run wire\`, not by hand. Times are unix seconds with a fraction, durations are seconds.
 */
`

/** The types as they should be now. */
export async function wireTypes(): Promise<string> {
  const document = clientDocument(defaultDocument()) as unknown as OpenAPI3
  const nodes = await openapiTypescript(document, {
    // What has a default may be left out.
    defaultNonNullable: false,
    emptyObjectsUnknown: true,
  })
  return HEAD + astToString(nodes).replace(/^export type (?!components\b).*\n/gm, '')
}

export const committedTypes = (): string => readFileSync(PATH, 'utf8')

if (import.meta.main) writeFileSync(PATH, await wireTypes())
