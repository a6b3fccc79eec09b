/** The whole of what holds the store to its contract, once more with the ways of speaking to SQLite that are not the default. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../support/root.ts'

// Both at once, as on a phone that compiles nothing: by day the pretended phone (ops/test/termux) leaves the conformance suite to
// this file, but for a part.
const WAYS = { BUS_SQLITE_DRIVER: 'node', BUS_SQLITE_WRITER: 'inline' }

test("the conformance suite, the model and the tests of the store pass with Node's SQLite, written in the thread that serves", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ways-of-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const report = join(folder, 'report.json')
  const suites = ['conformance', 'model', 'store'].map(name => `service/test/${name}/`)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const suite = spawn(process.execPath, [vitest, 'run', ...suites], {
    cwd: root,
    env: { ...process.env, ...WAYS, TEST_REPORT: report },
    stdio: 'ignore',
  })
  onTestFinished(() => {
    suite.kill()
  })
  await new Promise(resolve => suite.on('close', resolve))
  const { testResults, numPassedTests } = JSON.parse(readFileSync(report, 'utf8'))
  type File = {
    name: string
    status: string
    message: string
    assertionResults: { status: string; fullName: string }[]
  }
  const failed = (testResults as File[]).flatMap(({ name, status, message, assertionResults }) => {
    const tests = assertionResults.filter(each => each.status === 'failed').map(each => each.fullName)
    return status === 'failed' && tests.length === 0 ? [`${name}: ${message}`] : tests
  })
  expect(failed).toEqual([])
  expect(numPassedTests).toBeGreaterThan(500)
}, 400_000)
