/** `npm run fuzz -- --help` says what it does. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { HELP, type Options, readOptions, WrongOption } from './options.ts'
import { reportOf } from './report.ts'
import { fuzz } from './session.ts'

async function main(argv: readonly string[]): Promise<number> {
  let options: Options
  try {
    options = readOptions(argv)
  } catch (error) {
    if (!(error instanceof WrongOption)) throw error
    console.error(`fuzz: ${error.message}`)
    return 2
  }
  if (options.help) {
    console.log(HELP)
    return 0
  }
  console.log(`seed ${options.seed}, ${options.minutes} minutes, a heap of ${options.heapMib} MiB`)
  const folder = mkdtempSync(join(tmpdir(), 'bus-fuzz-'))
  try {
    const result = await fuzz({ ...options, findings: resolve(options.findings) }, folder, console.log)
    console.log(reportOf(result))
    return result.findings.length === 0 ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exitCode = await main(process.argv.slice(2))
