/** Pulumi's own programs, made from their sources by build.sh, and the plugin that stands in for its Docker provider. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { docker } from '../../../ops/test/docker/engine.ts'
import { CACHE } from '../../../service/test/support/cache.ts'
import { installed } from '../../../service/test/support/installed.ts'
import { root } from '../../../service/test/support/root.ts'

const FOLDER = join(CACHE, 'pulumi')

/** Why there can be no Pulumi here, if so. */
function whyNoPulumi(): string | null {
  if (docker.reason !== null) return docker.reason
  // build.sh looks there too.
  const hasGo = installed('go') !== undefined || existsSync('/usr/local/go/bin/go')
  return hasGo ? null : 'go is not installed'
}

export const pulumi = {
  reason: whyNoPulumi(),
  /** A suite that cannot be run says so by its name. */
  named: (what: string): string => {
    const reason = whyNoPulumi()
    return reason === null ? what : `${what} (skipped: ${reason})`
  },
  /** The folder for PATH: `pulumi` and `pulumi-language-nodejs`. */
  programs: join(FOLDER, 'bin'),
  /** As PULUMI_HOME has them. */
  plugins: join(FOLDER, 'plugins'),
}

/** What a hook may take that builds them first: on two busy cores the build alone has taken 40 minutes. */
export const COLD_BUILD_MS = 2 * 3_600_000

/** Waits for whoever builds them already, else builds them: ten minutes at first. @throws with what the compiler said */
export async function builtPulumi(): Promise<void> {
  const build = spawn(join(root, 'infra/test/engine/build.sh'), [FOLDER], {
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  let said = ''
  build.stderr.on('data', chunk => {
    said += chunk
  })
  const code = await new Promise(resolve => build.on('close', resolve))
  if (code !== 0) throw new Error(`build.sh ended with ${code}:\n${said}`)
}
