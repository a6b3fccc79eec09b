/** Redocly's linter on the document. With what it pulls it takes 29 MB, which is too much for everybody's install. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { TestBus } from '../support/bus.ts'
import { npmPackage } from './installed.ts'

const linter = npmPackage('@redocly/openapi-core', '2.64.0')
const reason = 'reason' in linter ? linter.reason : null
if (reason !== null) console.warn(`the OpenAPI document is not linted here: ${reason}`)

type Problem = { ruleId: string; severity: string; message: string; location: { pointer?: string }[] }

/**
 * A button of the page sends the browser back to it with a 303, and a shortcut leads there with a 302, so they have no 2xx.
 * Redocly can turn that rule off for a whole document only, so its findings are left out here, for these calls alone.
 */
const isRedirect = ({ ruleId, location }: Problem): boolean =>
  ruleId === 'operation-2xx-response' &&
  /\/paths\/~1(admin~1dashboard~1.*\/post|admin\/get|dashboard\/get)\//.test(location[0]?.pointer ?? '')

describe.skipIf(reason !== null)(
  `Redocly's recommended rules${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    // biome-ignore lint/suspicious/noExplicitAny: installed beside the project, so it has no types here
    let core: any
    let document: string
    beforeAll(async () => {
      const { path } = linter as { path: string }
      core = await import(pathToFileURL(join(path, 'lib/index.js')).href)
      const bus = new TestBus({})
      await bus.start()
      document = (await bus.nobody.get('/openapi.json')).text
      await bus.remove()
    })

    const lint = async (source: string): Promise<Problem[]> =>
      core.lintFromString({
        source,
        absoluteRef: '/openapi.json',
        // Warnings of `recommended` are errors of this one.
        config: await core.createConfig({ extends: ['recommended-strict'] }),
      })

    test('find nothing in the document', async () => {
      const problems = (await lint(document)).filter(problem => !isRedirect(problem))
      expect(problems.map(({ message, location }) => `${location[0]?.pointer}: ${message}`)).toEqual([])
    })

    test('would find a call without a summary, and an example that does not fit', async () => {
      const spoilt = JSON.parse(document)
      spoilt.paths['/claim'].post.summary = undefined
      spoilt.paths['/intent'].post.requestBody.content['application/json'].example = { goal: '' }
      const found = (await lint(JSON.stringify(spoilt))).map(({ ruleId }) => ruleId)
      expect(found).toEqual(expect.arrayContaining(['operation-summary', 'no-invalid-media-type-examples']))
    })
  },
)
