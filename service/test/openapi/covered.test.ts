/**
 * The OpenAPI document is the list of what the conformance suite has to cover: each way in which a call succeeds, and each error of
 * its own, by that call; each error that any call may get, by one of them. What was called is noted while the suite runs.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { defaultDocument } from '../../config/default-document.ts'
import { CALLS_VARIABLE, type Call, callsNoted } from '../support/calls.ts'
import { operationsIn } from './outcomes.ts'

const folder = process.env[CALLS_VARIABLE]!
const calls = existsSync(folder) ? callsNoted(folder) : []

const files = readdirSync(join(import.meta.dirname, '../conformance')).filter(name =>
  name.endsWith('.test.ts'),
)
const asked = new Set(calls.map(({ file }) => file))
const notRun = files.filter(name => !asked.has(name))

const operations = operationsIn(defaultDocument())
const outcomeOf = ({ status, code }: Call) => code ?? `${status}`

/** Proved where a request can be sent in pieces. */
const NOT_BY_A_CLIENT: Record<string, string> = {
  request_timeout: 'hostile/slow-clients.test.ts',
  headers_too_large: 'hostile/request-shapes.test.ts',
}

describe.skipIf(notRun.length > 0)(
  `the conformance suite${notRun.length > 0 ? ` (it was not run: ${notRun.slice(0, 3)})` : ''}`,
  () => {
    test.each(operations.map(each => [each.name, each] as const))(
      '%s is called, and gets each answer of its own',
      (_name, { method, matches, own }) => {
        const got = new Set(calls.filter(call => call.method === method && matches(call.path)).map(outcomeOf))
        expect(own.filter(outcome => !got.has(outcome))).toEqual([])
      },
    )

    test('some call gets each error that any call may get', () => {
      const got = new Set(calls.map(outcomeOf))
      const shared = new Set(operations.flatMap(({ shared }) => shared))
      expect([...shared].filter(code => !got.has(code)).sort()).toEqual(Object.keys(NOT_BY_A_CLIENT).sort())
    })
  },
)
