/** Tools that are too large for the lockfile: installed where they are used, in exactly one version, and kept. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alone, CACHE } from '../support/cache.ts'

const PATIENCE_MS = 300_000

/** Where it is, or why it cannot be had here. */
export type Installed = { path: string } | { reason: string }

/** @returns the folder of the package */
export function npmPackage(name: string, version: string): Installed {
  return installed(`${name}-${version}`, folder => {
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    run('npm', ['install', '--no-audit', '--no-fund', '--save-exact', `${name}@${version}`], folder)
    return join('node_modules', name)
  })
}

/** @param wanted the package that brings the program, where that has another name @returns the program */
export function pythonProgram(name: string, version: string, wanted = name): Installed {
  const { stdout } = spawnSync('python3', ['--version'], { encoding: 'utf8' })
  return installed(`${name}-${version} ${stdout}`, folder => {
    run('python3', ['-m', 'venv', '.'], folder)
    run(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', `${wanted}==${version}`], folder)
    return join('bin', name)
  })
}

/** @param install puts it into a folder, and says where in it is what was wanted */
function installed(name: string, install: (folder: string) => string): Installed {
  const folder = join(CACHE, 'tools', name.trim().replaceAll(/[/ ]/g, '-'))
  const ready = join(folder, 'where')
  const letOthersIn = alone(folder)
  try {
    if (!existsSync(ready)) {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder, { recursive: true })
      const where = install(folder)
      // Written last: an install that was broken off is begun again.
      writeFileSync(`${ready}.new`, where)
      renameSync(`${ready}.new`, ready)
    }
    return { path: join(folder, readFileSync(ready, 'utf8')) }
  } catch (error) {
    return { reason: `${name}: ${(error as Error).message}` }
  } finally {
    letOthersIn()
  }
}

function run(program: string, args: string[], cwd: string): void {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  })
  if (error) throw error
  if (status === 0) return
  const complaints = `${stderr}\n${stdout}`.split('\n').filter(line => /error/i.test(line))
  throw new Error(complaints.slice(0, 2).join('; ') || `${program} ended with ${status}`)
}
