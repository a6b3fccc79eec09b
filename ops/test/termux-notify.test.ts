/** What a phone would show. termux-notification is a stand-in here, which writes down what it was given. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folder, ShellWorker, WorkedBus } from './shell-worker.ts'
import { shellNamed } from './shells.ts'

const { command, missing, name } = shellNamed('sh', ['sh'])

describe.skipIf(missing !== null)(`notifications in ${name}`, () => {
  let bus: WorkedBus
  beforeAll(async () => {
    bus = await WorkedBus.start()
  })
  afterAll(() => bus.remove())

  /** Has one notification made. @returns how that ended, and the arguments of termux-notification */
  async function notified(
    payload: string,
  ): Promise<{ id: string; status: string; error?: string; shown?: string[] }> {
    const here = folder()
    const standIn = `#!/bin/sh
echo "a stand-in for termux-notification"
for argument; do printf '%s\\0' "$argument"; done > '${here}/shown'
`
    writeFileSync(join(here, 'termux-notification'), standIn, { mode: 0o755 })
    const id = await bus.publish('notify', payload, { max_attempts: 1 })
    const worker = new ShellWorker(command, 'termux-notify.sh', ['--once'], {
      ...bus.environment,
      PATH: `${here}${delimiter}${process.env['PATH']}`,
    })
    await worker.exited
    expect(worker.leftovers).toEqual([])
    const { status, error } = await bus.result(id)
    const shown = existsSync(`${here}/shown`)
      ? readFileSync(`${here}/shown`, 'utf8').split('\0').slice(0, -1)
      : undefined
    return {
      id,
      status,
      ...(error === undefined ? {} : { error }),
      ...(shown === undefined ? {} : { shown }),
    }
  }

  test('shows the title and the text, under the id of the intent', async () => {
    const { id, status, shown } = await notified(
      '{"title":"Door","text":"Somebody is at the \\"door\\"\\n$(id) 😀"}',
    )
    expect(status).toBe('fulfilled')
    expect(shown).toEqual([
      ...[
        '--id',
        id,
        '--title',
        'Door',
        '--content',
        'Somebody is at the "door"\n$(id) 😀',
        '--priority',
        'default',
      ],
    ])
  })

  test('takes the text for the title when there is none', async () => {
    const { shown } = await notified('{"text":"--help","title":null}')
    expect(shown).toContain('--help')
    expect(shown!.slice(2, 6)).toEqual(['--title', '--help', '--content', '--help'])
  })

  test('passes a group, a priority and a sound on, and nothing that would be a command', async () => {
    const { shown } = await notified(
      '{"title":"a","group":"g","priority":"high","sound":true,"action":"rm -rf /","button1":"x"}',
    )
    expect(shown!.slice(6)).toEqual(['--priority', 'high', '--group', 'g', '--sound'])
  })

  test('fails with a reason when there is nothing to show', async () => {
    expect(await notified('{"titel":"a"}')).toMatchObject({
      status: 'dead',
      error: 'The payload has neither a title nor a text.',
    })
  })

  test('fails with a reason when the priority is none', async () => {
    const { status, error, shown } = await notified('{"title":"a","priority":"loud"}')
    expect({ status, shown }).toEqual({ status: 'dead', shown: undefined })
    expect(error).toBe("The priority is 'loud'; it takes min, low, default, high or max.")
  })
})

test.skipIf(missing !== null)('a phone without Termux:API is named at the start', async () => {
  const worker = new ShellWorker(command, 'termux-notify.sh', ['--once'], {
    BUS_API_KEY: 'k',
    BUS_URL: 'http://127.0.0.1:1',
  })
  expect(await worker.exited).toBe(2)
  expect(worker.errors).toMatch(/pkg install termux-api/)
})
