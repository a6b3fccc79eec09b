/** Libraries that stand between the bus and the system, by LD_PRELOAD. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('./slow-sync.c', import.meta.url))

/** @returns why nothing can be compiled and preloaded here, or `null` */
export function whyNoPreload(): string | null {
  if (process.platform !== 'linux') return 'LD_PRELOAD is for Linux'
  const { error, status } = spawnSync('cc', ['--version'])
  return error === undefined && status === 0 ? null : 'there is no C compiler (cc)'
}

/** @returns the path of the compiled shim of `slow-sync.c` @throws when it does not compile */
export function compileSlowSync(folder: string): string {
  const library = join(folder, 'slow-sync.so')
  const { status, stderr } = spawnSync(
    'cc',
    ['-Wall', '-shared', '-fPIC', '-pthread', '-o', library, SOURCE, '-ldl'],
    {
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(`${SOURCE} does not compile:\n${stderr}`)
  return library
}
