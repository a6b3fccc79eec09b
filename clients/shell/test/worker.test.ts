import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installed } from '../../../service/test/support/installed.ts'
import { jobsIn } from './jobs.ts'
import { folder, ShellWorker, WorkedBus } from './shell-worker.ts'
import { shellNamed, toolbox } from './shells.ts'

// Whatever sh this machine has. The heavier suite goes through all the shells.
jobsIn(shellNamed('sh', ['sh']))

test.skipIf(installed('curl') === undefined)(
  'no program is ever given the key among its arguments',
  async () => {
    const here = folder()
    const signed = await WorkedBus.start({
      BUS_SECRET: 'a "key" with \\ and more',
      BUS_REQUIRE_SIGNATURES: 'true',
    })
    try {
      const openssl = installed('openssl') === undefined ? [] : ['openssl']
      const PATH = toolbox(join(here, 'bin'), { log: `${here}/calls`, also: [...openssl, 'sha256sum'] })
      const id = await signed.publish('secret', '0')
      const worker = new ShellWorker(
        ['sh'],
        'worker.sh',
        ['--once', '--signed', '--goal', 'secret', '--', 'cat'],
        {
          ...signed.environment,
          PATH,
        },
      )
      expect(await signed.result(id)).toMatchObject({ status: 'fulfilled' })
      await worker.exited
      const calls = readFileSync(`${here}/calls`, 'utf8')
      expect(calls).toMatch(/^curl -q /m)
      expect(calls).toMatch(/^(openssl dgst|sha256sum)/m)
      expect(calls).not.toContain('with')
    } finally {
      await signed.remove()
    }
  },
)
