/**
 * Makes `dist`, which the package consists of: for `npm pack`, and at the end of `npm ci`, so that a program in the clone can
 * import '@intent-bus/client'. npm runs it as the script `prepare`. JavaScript, because any Node from 20 on may be running npm.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const installs = ['ci', 'install'].includes(process.env['npm_command'])

try {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  rmSync(join(here, 'dist'), { recursive: true, force: true })
  copyFileSync(join(here, '../../LICENSE'), join(here, 'LICENSE'))
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: here, stdio: 'inherit' })
} catch (error) {
  // `npm ci --omit=dev` brings no compiler, and the bus needs no client: an install must not end here. A package must.
  if (!installs) throw error
  if (error.code !== 'MODULE_NOT_FOUND') console.error(`@intent-bus/client was not built: ${error.message}`)
}
