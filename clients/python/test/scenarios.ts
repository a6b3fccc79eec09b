/** Scenarios in Python, each in a process of its own; what they ask for with `please` is done here. */
import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { Restartable } from './restartable.ts'
import { here, type Venv } from './venv.ts'

export type Scenario = { sentence: string; settings: Record<string, string> | null }

/** @param suite the scenarios for one generation of the SDK, a Python package beside this file */
export async function scenariosOf(venv: Venv, suite: string): Promise<Scenario[]> {
  const { stdout } = await promisify(execFile)(python(venv), ['-m', suite, '--list'], IN_QUIET)
  return JSON.parse(stdout)
}

/** @throws with what Python wrote to its standard error, when the scenario does not hold */
export async function prove(venv: Venv, suite: string, sentence: string, bus: Restartable): Promise<void> {
  const child = spawn(python(venv), ['-m', suite, sentence], {
    cwd: here,
    env: { ...IN_QUIET.env, BUS_URL: bus.url, BUS_API_KEY: bus.key, BUS_ADMIN: bus.admin },
    stdio: 'pipe',
    timeout: 60_000,
  })
  let errors = ''
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  const ended = new Promise<string>(resolve => {
    child.on('close', (code, signal) => resolve(`${code ?? signal}`))
  })
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { please, settings } = JSON.parse(line)
      if (please === 'start') await bus.start(settings)
      else if (please === 'stop') await bus.stop()
      else if (please === 'kill') await bus.kill()
      else throw new Error(`not understood: ${line}`)
      child.stdin.write('done\n')
    }
  } catch (error) {
    child.kill()
    throw error
  }
  const code = await ended
  if (code !== '0') throw new Error(`ended with ${code}:\n${errors}`)
}

const python = ({ bin }: Venv): string => join(bin, 'python')

/** No proxy of this machine, no key of this user, no compiled files beside the scenarios. */
const IN_QUIET = {
  cwd: here,
  env: { PATH: process.env['PATH'] ?? '', PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8' },
}
