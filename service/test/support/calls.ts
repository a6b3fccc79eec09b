/** What the conformance suite asked of the bus: one line per call, answer and file, for the test that judges what it covers. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect } from 'vitest'
import { onAnswer } from './client.ts'

/** The folder for these lines; without it, nothing is noted. */
export const CALLS_VARIABLE = 'INTENT_BUS_CALLS'

export type Call = {
  /** Of the test, without its folder. */
  file: string
  method: string
  path: string
  status: number
  /** `null`: it is no error. */
  code: string | null
}

const noted = new Set<string>()

/** @param folder each process has a file of its own in there */
export function noteCalls(folder: string): void {
  onAnswer((method, url, { status, json }) => {
    const { testPath = '' } = expect.getState()
    if (!/[/\\]test[/\\]conformance[/\\]/.test(testPath)) return
    const path = new URL(url).pathname.replace(/[0-9a-f]{32}/g, '0'.repeat(32))
    const call: Call = { file: basename(testPath), method, path, status, code: json?.error?.code ?? null }
    const line = JSON.stringify(call)
    if (noted.has(line)) return
    noted.add(line)
    mkdirSync(folder, { recursive: true })
    appendFileSync(join(folder, `${process.pid}`), `${line}\n`)
  })
}

export function callsNoted(folder: string): Call[] {
  return readdirSync(folder).flatMap(name =>
    readFileSync(join(folder, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Call),
  )
}
