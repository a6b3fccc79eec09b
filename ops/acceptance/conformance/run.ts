/** `npm run conformance -- URL`: the protocol, as the tests have it, put to a bus that runs somewhere. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startVitest } from 'vitest/node'
import { Failure } from '../../../clients/cli/src/failure.ts'
import { givenSecret } from '../../../clients/cli/src/secrets.ts'
import { root } from '../../../service/test/support/root.ts'
import { ELSEWHERE_VARIABLE, type Elsewhere } from '../../../service/test/support/where.ts'
import { Fault } from '../smoke/call.ts'
import { addressIn, type Env, type Target, targetOf } from '../smoke/target.ts'
import { Account } from './account.ts'
import { leaveWell, refuseWhatHoldsWork } from './the-bus.ts'

const HELP = `npm run conformance -- URL [options]

Puts the conformance suite of this clone to a bus from outside: every answer of
the protocol that can be had without its clock, its disk or its log. It takes
minutes. **It deletes everything that the bus holds**, again and again, and
leaves issued keys behind: it is for a bus that was made for it.

  URL             where it is: http://localhost:8080, https://bus.example.com
  --erase         the bus holds intents, and they may be deleted. Without it
                  such a bus is left alone; what the smoke suite has left does
                  not count
  --only FILE     the files of service/test/conformance whose names have this in
                  them: leases
  --profile NAME  the keys of this profile of the config file of intent-bus
  --help

Keys come from the environment: BUS_API_KEY, BUS_ADMIN_TOKEN and
BUS_METRICS_TOKEN, which it needs, and DASHBOARD_PASSWORD, or from the files
that the same names with _FILE name.

It ends with 0 when everything that was looked at is as the protocol says, 1
when something is not, 2 when it was wrongly called.`

type Say = (line: string) => void

function required(target: Target, env: Env): Elsewhere {
  const { url, key, adminToken, metricsToken } = target
  if (key === undefined || adminToken === undefined || metricsToken === undefined) {
    throw new Failure('BUS_API_KEY, BUS_ADMIN_TOKEN and BUS_METRICS_TOKEN are needed, each or its _FILE.')
  }
  const variable = (name: string) => ({ name, value: env[name] })
  const password = givenSecret(variable('DASHBOARD_PASSWORD'), variable('DASHBOARD_PASSWORD_FILE'))
  return { url, key, adminToken, metricsToken, dashboardPassword: password?.value ?? null }
}

/** @returns the exit code */
async function main(argv: readonly string[], env: Env, say: Say, complain: Say): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        erase: { type: 'boolean' },
        only: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
    if (values.help) {
      say(HELP)
      return 0
    }
    const target = targetOf(addressIn(positionals), values, env)
    const elsewhere = required(target, env)
    await refuseWhatHoldsWork(elsewhere, values.erase === true)
    say(`${elsewhere.url}: every answer of the protocol that can be had from outside`)
    process.env[ELSEWHERE_VARIABLE] = JSON.stringify(elsewhere)
    const account = new Account(say)
    const config = join(root, 'vitest.conformance.config.ts')
    const files = values.only === undefined ? [] : [values.only]
    const vitest = await startVitest('test', files, { root, config, watch: false, reporters: [account] })
    await vitest.close()
    await leaveWell(elsewhere)
    return account.close()
  } catch (error) {
    if (!(error instanceof Failure) && !(error instanceof Fault) && !(error instanceof TypeError)) throw error
    complain(`conformance: ${error.message}`)
    return 2
  }
}

process.exitCode = await main(
  process.argv.slice(2),
  process.env,
  line => console.log(line),
  line => console.error(line),
)
