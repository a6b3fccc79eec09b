import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fuzz } from './session.ts'

const MINUTES = 1
const SEED = 20_261_130
const PATIENCE_MS = 900_000

/** Twice what `npm run fuzz` allows: it is CPU time, and a slower core takes more of it. */
const TURN_MS = 200

test('nothing that is made from the document holds the bus up, breaks it or an answer', {
  timeout: PATIENCE_MS,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bus-fuzz-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const findings = join(folder, 'findings')
  const options = { minutes: MINUTES, seed: SEED, heapMib: 256, turnMs: TURN_MS, findings, replay: null }
  const result = await fuzz(options, folder, () => undefined)
  expect(result.findings).toEqual([])
  // What is all refused for the same reason tries nothing.
  expect([...result.statuses.keys()]).toEqual(
    expect.arrayContaining(['200', '201', '204', '400', '404', '413']),
  )
})
