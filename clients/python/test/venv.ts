/** A virtual environment with one version of the SDK, as pip installs it from the package index. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { alone, CACHE } from '../../../service/test/support/cache.ts'

const run = promisify(execFile)

export const here = import.meta.dirname

/** Made once and kept, each under the hash of what is in it. */
const VENVS = join(CACHE, 'python-sdk')

/** The SDK itself asks for no less, and its requirements neither. */
const LEAST_PYTHON = 'import sys; sys.exit(sys.version_info < (3, 10))'

export type Venv = { bin: string }

/**
 * @returns the environment, or why there can be none on this machine
 * @throws when the package index has something else than what is pinned
 */
export async function venvWith(sdk: string): Promise<Venv | { reason: string }> {
  const pinned = ['requirements-common.txt', `requirements-${sdk}.txt`]
  const hash = createHash('sha256')
  for (const name of pinned) hash.update(readFileSync(join(here, name)))
  try {
    const { stdout } = await run('python3', ['-c', `import sys; print(sys.executable, sys.version)`])
    hash.update(stdout)
    await run('python3', ['-c', LEAST_PYTHON])
  } catch {
    return { reason: 'there is no python3 of version 3.10 or later' }
  }
  const folder = join(VENVS, `${sdk}-${hash.digest('hex').slice(0, 12)}`)
  const bin = join(folder, 'bin')
  const letOthersIn = alone(folder)
  try {
    return existsSync(join(folder, 'finished')) ? { bin } : await make(sdk, folder)
  } finally {
    letOthersIn()
  }
}

async function make(sdk: string, folder: string): Promise<Venv | { reason: string }> {
  const bin = join(folder, 'bin')
  rmSync(folder, { recursive: true, force: true })
  try {
    await run('python3', ['-m', 'venv', folder])
  } catch (error) {
    return { reason: `python3 -m venv: ${lastLine(error)}` }
  }
  try {
    const requirements = ['--require-hashes', '-r', join(here, `requirements-${sdk}.txt`)]
    await run(join(bin, 'python'), ['-m', 'pip', 'install', '--quiet', '--retries', '2', ...requirements])
  } catch (error) {
    if (/DO NOT MATCH THE HASHES/.test(`${error}`)) throw error
    return { reason: `pip: ${lastLine(error)}` }
  }
  writeFileSync(join(folder, 'finished'), '')
  return { bin }
}

function lastLine(error: unknown): string {
  const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string }
  return `${stdout}\n${stderr}`.trim().split('\n').at(-1) || message
}
