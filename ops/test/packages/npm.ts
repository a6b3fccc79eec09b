/** npm as a user has it, on this Node, with nothing of the clone on its paths. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CACHE } from '../../../service/test/support/cache.ts'
import { root } from '../../../service/test/support/root.ts'

const run = promisify(execFile)

/** npm's own, filled once from the registry: after that, no network is needed. */
const NPM_CACHE = join(CACHE, 'npm')

/** Where the registry is and how it is reached, the machine's own settings say; those of the npm that runs this do not count. */
const machines = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)),
) as Record<string, string>

/** @param place an empty directory, which gets a home and a copy of this Node: no path leads back to the clone */
export function userIn(place: string) {
  const [bin, home] = [join(place, 'bin'), join(place, 'home')]
  for (const each of [bin, home]) mkdirSync(each)
  cpSync(process.execPath, join(bin, 'node'))
  const rest = (process.env['PATH'] ?? '').split(':').filter(each => !each.startsWith(root))
  const env = {
    PATH: [bin, ...rest].join(':'),
    HOME: home,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
  }
  const npm = (cwd: string, args: readonly string[], online: boolean) =>
    run('npm', [...args, online ? '--prefer-online' : '--offline', '--cache', NPM_CACHE], {
      cwd,
      env: online ? { ...machines, PATH: env.PATH } : env,
    })
  return {
    env,
    /** Runs npm without the network. What its cache lacks is fetched first, by the same in a copy of the directory. */
    async offline(cwd: string, ...args: readonly string[]): Promise<void> {
      await npm(cwd, args, false).catch(async error => {
        if (!/ENOTCACHED/.test(error.message)) throw error
        const filling = mkdtempSync(join(place, 'filling-'))
        cpSync(cwd, filling, { recursive: true })
        await npm(filling, args, true)
        await npm(cwd, args, false)
      })
    },
  }
}
