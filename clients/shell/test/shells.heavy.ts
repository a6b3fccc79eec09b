import { spawnSync } from 'node:child_process'
import { readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installed } from '../../../service/test/support/installed.ts'
import { NIGHTLY } from '../../../service/test/support/nightly.ts'
import { standIns } from '../../phone/test/handled.ts'
import { clocksIn } from './clocks.ts'
import { foreignAnswersIn } from './foreign-answers.ts'
import { jobsIn } from './jobs.ts'
import { roomsIn } from './rooms.ts'
import { folder, listening, ShellWorker, WorkedBus } from './shell-worker.ts'
import { type Shell, shells, toolbox, workers } from './shells.ts'

/** By day not in the shell that is `sh` here: in that one `npm run test:programs` has the same tests. */
const isSh = ({ command: [program] }: Shell): boolean =>
  realpathSync(installed('sh')!) === realpathSync(installed(program!) ?? '/')

for (const shell of shells) {
  if (NIGHTLY || !isSh(shell)) {
    jobsIn(shell)
    foreignAnswersIn(shell)
    clocksIn(shell)
    roomsIn(shell)
  }

  describe.skipIf(shell.missing !== null)(`what comes with the worker, in ${shell.name}`, () => {
    let bus: WorkedBus
    beforeAll(async () => {
      bus = await WorkedBus.start()
    })
    afterAll(() => bus.remove())

    test.skipIf(installed('jq') === undefined)('leaves it to the handler to use jq', async () => {
      const id = await bus.publish('jq', '{"text":"é \\"b\\""}')
      const worker = new ShellWorker(
        shell.command,
        'worker.sh',
        ['--once', '--goal', 'jq', '--', 'jq', '-er', '.text'],
        bus.environment,
      )
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: 'é "b"' })
      expect(await worker.exited).toBe(0)
    })

    test('calls a webhook', async () => {
      const url = await listening((_, response) => response.writeHead(202).end())
      const id = await bus.publish(
        'webhook',
        JSON.stringify({ url, headers: { 'X-A': 'b' }, body: { c: 'é' } }),
      )
      const PATH = toolbox(join(folder(), 'bin'), { shell: shell.command[0]! })
      const worker = new ShellWorker(shell.command, 'webhook.sh', ['--once', '--allow', url], {
        ...bus.environment,
        PATH,
      })
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: { status: 202 } })
      expect(await worker.exited).toBe(0)
    })

    test('shows a notification, by a stand-in for termux-notification', async () => {
      const id = await bus.publish('notify', '{"title":"é \\u00e9","text":"b"}', { namespace: 'phone' })
      const also = ['basename', 'timeout']
      const PATH = toolbox(join(folder(), 'bin'), { shell: shell.command[0]!, also })
      const asked = standIns(PATH, { 'termux-notification': '' })
      const worker = new ShellWorker(shell.command, '../phone/worker.sh', ['--once'], {
        ...bus.environment,
        PATH,
      })
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled' })
      expect(await worker.exited).toBe(0)
      expect(asked()[0]!.args.slice(2, 6)).toEqual(['--title', 'é é', '--content', 'b'])
    })
  })
}

const shellcheck = installed('shellcheck')
test.skipIf(shellcheck === undefined)(
  `shellcheck has nothing to say${shellcheck === undefined ? ' (skipped: shellcheck is not installed)' : ''}`,
  () => {
    const scripts = [
      ...readdirSync(workers),
      '../phone/worker.sh',
      ...readdirSync(join(workers, '../phone/handlers')).map(name => `../phone/handlers/${name}`),
    ].filter(name => name.endsWith('.sh'))
    const { stdout, status } = spawnSync(shellcheck!, ['-x', '-P', 'SCRIPTDIR', ...scripts], {
      cwd: workers,
      encoding: 'utf8',
    })
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 })
  },
)
