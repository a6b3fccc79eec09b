/** `npm run smoke -- URL`: whether a bus that was just deployed does what its clients lean on, seen from outside. */
import { parseArgs } from 'node:util'
import { Failure } from '../../../clients/cli/src/failure.ts'
import { Fault } from './call.ts'
import { CHECKS } from './checks.ts'
import { addressIn, type Env, type Needed, type Target, targetOf } from './target.ts'

const HELP = `npm run smoke -- URL [options]

Looks at a bus from outside: health, headers, closed doors, a job from publish
to result, metrics, a restart.

  URL                 where it is: http://localhost:8080,
                      https://bus.example.com
  --read-only         leave nothing in it: for a bus at work
  --restart COMMAND   a command of this machine that stops and starts the bus:
                      'docker compose restart bus'
  --profile NAME      the keys of this profile of the config file of intent-bus
  --help

Keys come from the environment: BUS_API_KEY, BUS_ADMIN_TOKEN, BUS_METRICS_TOKEN,
or from the files that BUS_API_KEY_FILE, BUS_ADMIN_TOKEN_FILE,
BUS_METRICS_TOKEN_FILE name. What has no key is not looked at, and says so;
without --read-only BUS_API_KEY has to be there.

It ends with 0 when everything that was looked at is well, 1 when something is
not, 2 when it was wrongly called.`

const NAMES: Record<Needed, string> = {
  key: 'BUS_API_KEY',
  adminToken: 'BUS_ADMIN_TOKEN',
  metricsToken: 'BUS_METRICS_TOKEN',
  restart: '--restart',
}

type Say = (line: string) => void

/** @returns the exit code */
export async function main(argv: readonly string[], env: Env, say: Say, complain: Say): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        'read-only': { type: 'boolean' },
        restart: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
    if (values.help) {
      say(HELP)
      return 0
    }
    const readOnly = values['read-only'] === true
    if (readOnly && values.restart !== undefined) {
      throw new Failure('--read-only and --restart exclude each other: a restart is felt by everybody.')
    }
    const target = targetOf(addressIn(positionals), values, env)
    if (!readOnly && target.key === undefined) {
      throw new Failure('BUS_API_KEY is not set: publishing takes a key. Set it, or say --read-only.')
    }
    return await look(target, readOnly, say)
  } catch (error) {
    if (!(error instanceof Failure) && !(error instanceof TypeError)) throw error
    complain(`smoke: ${error.message}`)
    return 2
  }
}

async function look(target: Target, readOnly: boolean, say: Say): Promise<number> {
  say(`${target.url}${readOnly ? ', only reading' : ''}`)
  let [passed, failed, left] = [0, 0, 0]
  for (const { name, needs, writes, run } of CHECKS) {
    const missing = needs.filter(each => target[each] === undefined)
    if ((writes && readOnly) || missing.length > 0) {
      left += 1
      say(
        `-  ${name}: not looked at (${writes && readOnly ? 'it writes' : `no ${missing.map(each => NAMES[each])}`})`,
      )
      continue
    }
    try {
      const detail = await run(target)
      passed += 1
      say(`ok ${name}${detail === '' ? '' : ` (${detail})`}`)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      failed += 1
      say(`NO ${name}: ${error.message}`)
    }
  }
  say(`${passed} well, ${failed} not${left === 0 ? '' : `, ${left} not looked at`}`)
  return failed === 0 ? 0 : 1
}

if (import.meta.main) {
  process.exitCode = await main(
    process.argv.slice(2),
    process.env,
    line => console.log(line),
    line => console.error(line),
  )
}
