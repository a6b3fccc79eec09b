/**
 * Before each file of tests: begins to count which lines of the bus it executes, and writes them into the folder MUTANTS_COVERAGE
 * when it has ended. Other threads are not seen, so run.ts has the store write in the thread that serves.
 */
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { join, relative } from 'node:path'
import { afterAll, expect } from 'vitest'
import { root } from '../support/root.ts'

type Range = { startOffset: number; endOffset: number; count: number }
type Script = { scriptId: string; url: string; functions: { ranges: Range[] }[] }

const LOOKED_AT = /\/service\/(http|broker|intent|store)\/.*\.ts$/

const folder = process.env['MUTANTS_COVERAGE']
if (folder !== undefined) {
  const session = new Session()
  session.connect()
  const ask = <Answer>(method: string, params: object = {}): Promise<Answer> =>
    new Promise((resolve, reject) =>
      session.post(method, params, (error, answer) => (error ? reject(error) : resolve(answer as Answer))),
    )
  await ask('Debugger.enable')
  await ask('Profiler.enable')
  await ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

  afterAll(async () => {
    // Since its process began: each file has one of its own.
    const tookMs = performance.now()
    const { result } = await ask<{ result: Script[] }>('Profiler.takePreciseCoverage')
    const lines: Record<string, number[]> = {}
    for (const script of result.filter(({ url }) => LOOKED_AT.test(url))) {
      const { scriptSource } = await ask<{ scriptSource: string }>('Debugger.getScriptSource', {
        scriptId: script.scriptId,
      })
      const name = relative(root, script.url.replace('file://', ''))
      lines[name] = executedLines(scriptSource, script.functions)
    }
    session.disconnect()
    const file = relative(root, expect.getState().testPath!)
    const covered = { file, tookMs, lines }
    writeFileSync(join(folder, `${file.replaceAll('/', '_')}.json`), JSON.stringify(covered))
  })
}

/** The lines of a file that have an executed character. Node strips types without moving what is left. */
function executedLines(text: string, functions: Script['functions']): number[] {
  const executed = new Uint8Array(text.length)
  // The inner ranges say more than the outer ones.
  const ranges = functions.flatMap(each => each.ranges)
  for (const { startOffset, endOffset, count } of ranges.toSorted(byLength)) {
    executed.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  }
  const lines: number[] = []
  let offset = 0
  for (const [at, line] of text.split('\n').entries()) {
    const isExecuted = (_: string, column: number) => executed[offset + column] === 1
    if ([...line].some((character, column) => character.trim() !== '' && isExecuted(character, column))) {
      lines.push(at + 1)
    }
    offset += line.length + 1
  }
  return lines
}

const byLength = (a: Range, b: Range): number => b.endOffset - b.startOffset - (a.endOffset - a.startOffset)
