import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { PATIENCE_MS } from './patience.ts'

type Running = { killed?: boolean; stdout?: string; stderr?: string }

/**
 * Types commands into a shell that ends at the first one that fails.
 *
 * @returns what they printed
 * @throws when one fails, or when they take longer than `patienceMs`: the message says which of the two it was
 */
export async function typed(
  script: string,
  options: { cwd: string; env: NodeJS.ProcessEnv },
  patienceMs = PATIENCE_MS,
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('sh', ['-euc', script], { ...options, timeout: patienceMs })
    return stdout
  } catch (error) {
    const { killed, stdout, stderr } = error as Running
    if (!killed) throw error
    throw new Error(
      `timed out: the commands were still running after ${patienceMs / 1000} s.\nThey had printed:\n${stdout}\nand as errors:\n${stderr}`,
    )
  }
}
