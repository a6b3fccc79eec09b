import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { PATIENT } from '../../../service/test/support/patience.ts'
import { EXIT } from '../../cli/src/exit-codes.ts'
import { folder, running, ShellWorker, WorkedBus } from './shell-worker.ts'
import { type Shell, toolbox } from './shells.ts'

/** What a worker does with one job, and how it ends: the same in every shell. */
export function jobsIn({ name, command, missing }: Shell): void {
  describe.skipIf(missing !== null)(`a worker in ${name}`, () => {
    const goal = 'work'
    let bus: WorkedBus
    let worker: ShellWorker
    beforeAll(async () => {
      bus = await WorkedBus.start()
    })
    afterAll(() => bus.remove())
    afterEach(async () => {
      await worker.exited
      expect(worker.leftovers).toEqual([])
    })

    function start(args: string[], env: Record<string, string> = {}): ShellWorker {
      return startFor({ BUS_GOAL: goal }, args, env)
    }
    function startFor(jobs: { BUS_GOAL?: string }, args: string[], env: Record<string, string> = {}) {
      worker = new ShellWorker(command, 'worker.sh', args, { ...bus.environment, ...jobs, ...env })
      return worker
    }
    const once = (...args: string[]) => start(['--once', ...args])

    test('hands what its handler prints in as the result', async () => {
      const id = await bus.publish(goal, '{"text":"good morning"}')
      once('--', 'sh', '-c', 'tr a-z A-Z')
      expect(await bus.result(id)).toMatchObject({
        status: 'fulfilled',
        result_type: 'text',
        result: '{"TEXT":"GOOD MORNING"}',
      })
      expect(await worker.exited).toBe(0)
    })

    test.each([
      ['words of many alphabets', '{"t":"héllo wörld – 你好 😀"}'],
      [
        'quotes, backslashes, dollars and backticks',
        String.raw`{"t":"' \" \\ \\n $HOME $(id) ${'`id`'} %s \u0000"}`,
      ],
      ['a lone surrogate', String.raw`["\ud800","\ude00\ud83d"]`],
      ['integers of thirty digits, and floats', '[123456789012345678901234567890,1.0,-0,1e400]'],
      [
        'members that look like the claim',
        '{"id":"x","claim_token":"y","payload":{"payload":"\\"payload\\":"}}',
      ],
      ['a bare string with line breaks', String.raw`"one\ntwo\r\n\tthree\n"`],
      ['a number', '0'],
      ['8 KiB', `"${'é'.repeat(4000)}"`],
    ])('gives the handler the payload as it was sent: %s', async (_, payload) => {
      const seen = folder()
      const id = await bus.publish(goal, payload)
      once(
        '--result',
        'json',
        '--',
        'sh',
        '-c',
        `tee ${seen}/stdin; printf %s "$INTENT_PAYLOAD" > ${seen}/variable`,
      )
      const { text, status } = await bus.result(id)
      expect(status).toBe('fulfilled')
      expect(readFileSync(`${seen}/stdin`, 'utf8')).toBe(payload)
      expect(readFileSync(`${seen}/variable`, 'utf8')).toBe(payload)
      expect(text).toContain(`"result":${payload}`)
    })

    test('gives the handler null as any other payload', async () => {
      const id = await bus.publish(goal, 'null')
      once('--', 'cat')
      expect((await bus.result(id)).result).toBe('null')
    })

    test('hands in any text as it was printed, without the line breaks at its end', async () => {
      const output = join(folder(), 'output')
      const text = ' "quoted" \\back\\slash\n\ttab\u001b[0m $x `y` 你好 😀\r\n%s'
      writeFileSync(output, `${text}\n\n`)
      const id = await bus.publish(goal, '0')
      once('--', 'cat', output)
      expect((await bus.result(id)).result).toBe(text)
    })

    test('marks in a text what is not UTF-8', async () => {
      const id = await bus.publish(goal, '0')
      once('--', 'printf', 'a\\377b')
      expect((await bus.result(id)).result).toBe('a\ufffdb')
    })

    test.each(['text', 'json'])(
      'reports a NUL in what its handler prints as %s, and calls it that',
      async type => {
        const id = await bus.publish(goal, '0', { max_attempts: 1 })
        once('--result', type, '--', 'printf', '"a\\000b"')
        const { status, error } = await bus.result(id)
        expect(status).toBe('dead')
        expect(error).toMatch(/^The handler printed a NUL, a byte of zero/)
        expect(await worker.exited).toBe(1)
      },
    )

    test('reports as a failure what should be JSON and is not', async () => {
      const id = await bus.publish(goal, '0', { max_attempts: 1 })
      once('--result', 'json', '--', 'echo', '1,"result":2')
      expect(await bus.result(id)).toMatchObject({ status: 'dead', error: 'The handler printed no JSON.' })
      expect(await worker.exited).toBe(1)
    })

    test('fulfils without a result when JSON is asked for and nothing is printed', async () => {
      const id = await bus.publish(goal, '0')
      once('--result', 'json', '--', 'true')
      const result = await bus.result(id)
      expect(result.status).toBe('fulfilled')
      expect(result).not.toHaveProperty('result')
    })

    test('reports the end of standard error when the handler fails', async () => {
      const id = await bus.publish(goal, '0', { max_attempts: 1 })
      once('--', 'sh', '-c', `printf "%0600d\nno \\"paper\\" ü" 0 >&2; exit 3`)
      const { status, error } = await bus.result(id)
      expect(status).toBe('dead')
      expect(error).toMatch(/^0+\nno "paper" ü$/)
      expect(await worker.exited).toBe(1)
    })

    test('reports the exit code when a handler fails without a word', async () => {
      const id = await bus.publish(goal, '0', { max_attempts: 1 })
      once('--', 'sh', '-c', 'exit 7')
      expect((await bus.result(id)).error).toBe('The handler ended with exit code 7.')
    })

    test('reports a failure when the bus does not take the result', async () => {
      const id = await bus.publish(goal, '0', { max_attempts: 1 })
      once('--', 'sh', '-c', 'printf "%070000d" 0')
      expect((await bus.result(id)).error).toMatch(/^The bus refused the result: 413 \w/)
    })

    test('tells the handler about the intent, and not the key', async () => {
      const namespace = 'a.b'
      const strange = 'a goal / with ünï&code+;=%20'
      const id = await bus.publish(strange, '0', {
        namespace,
        target_worker: 'barn:1',
        required_capability: 'gpu',
      })
      start(
        ['--once', '--namespace', namespace, '--capabilities', 'camera,gpu', '--worker-id', 'barn:1', '--', 'sh', '-c',
          'echo "$INTENT_ID"; echo "$INTENT_GOAL"; echo "$INTENT_NAMESPACE"; echo "$INTENT_ATTEMPT"; printenv BUS_API_KEY || echo none'],
        { BUS_GOAL: strange },
      ) // biome-ignore format: one call
      expect((await bus.result(id)).result).toBe([id, strange, namespace, '1', 'none'].join('\n'))
    })

    test('ends a handler that takes longer than it may, with all it has started', async () => {
      const id = await bus.publish(goal, '0', { max_attempts: 1 })
      const pids = join(folder(), 'pids')
      once('--timeout', '1', '--', 'sh', '-c', `sleep 600 & echo $! $$ > ${pids}; wait`)
      expect((await bus.result(id)).error).toBe('The handler took longer than 1 s.')
      await worker.exited
      await vi.waitUntil(() => running(pids).length === 0, PATIENT)
    })

    test('calls off its poll when it is told to stop', async () => {
      start(['--wait', '60', '--', 'true'])
      await vi.waitUntil(async () => (await bus.waiting()) === 1, PATIENT)
      worker.signal('SIGTERM')
      expect(await worker.exited).toBe(0)
      await vi.waitUntil(async () => (await bus.waiting()) === 0, PATIENT)
    })

    test('finishes its job before it stops', async () => {
      const here = folder()
      const id = await bus.publish(goal, '0')
      start(['--', 'sh', '-c', `: > ${here}/begun; until [ -e ${here}/go ]; do sleep 0.05; done; echo done`])
      await vi.waitUntil(() => existsSync(`${here}/begun`), PATIENT)
      worker.signal('SIGINT')
      await vi.waitUntil(() => worker.errors.includes('stopping when this job is done'), PATIENT)
      writeFileSync(`${here}/go`, '')
      expect(await worker.exited).toBe(0)
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: 'done' })
    })

    test('ends at a second signal, with its job, whether that heeds signals or not', async () => {
      const here = folder()
      const id = await bus.publish(goal, '0')
      start([
        '--',
        'sh',
        '-c',
        `trap '' TERM; sleep 600 & echo $! $$ > ${here}/pids; : > ${here}/begun; while :; do wait; done`,
      ])
      await vi.waitUntil(() => existsSync(`${here}/begun`), PATIENT)
      worker.signal('SIGTERM')
      await vi.waitUntil(() => worker.errors.includes('a second signal'), PATIENT)
      worker.signal('SIGTERM')
      expect(await worker.exited).toBe(143)
      await vi.waitUntil(() => running(`${here}/pids`).length === 0, PATIENT)
      expect(await bus.status(id)).toMatchObject({ status: 'claimed' })
      await bus.cancel(id)
    })

    test('says that the key is wrong, and ends with 4', async () => {
      start(['--', 'true'], { BUS_API_KEY: 'wrong' })
      expect(await worker.exited).toBe(4)
      expect(worker.errors).toMatch(/\nworker: the bus refuses this worker: 401 Invalid API key\n$/)
    })

    test('says that the bus refuses the request, and ends with 6', async () => {
      start(['--', 'true'], { BUS_NAMESPACE: 'a b' })
      expect(await worker.exited).toBe(6)
      expect(worker.errors).toMatch(/refuses the claim; is http:\S+ right\? 400 .*namespace/)
    })

    test('says with --once that the bus is away, and ends with 3', async () => {
      start(['--once', '--', 'true'], { BUS_URL: 'http://127.0.0.1:1' })
      expect(await worker.exited).toBe(3)
      expect(worker.errors).toMatch(/\nworker: no answer to a claim: curl: \(7\) /)
    })

    test('says at its start what it waits for, where, and how it is stopped', async () => {
      start(['--once', '--wait', '0', '--worker-id', 'barn', '--', 'true'], { BUS_NAMESPACE: 'home' })
      expect(await worker.exited).toBe(7)
      const { BUS_URL } = bus.environment
      expect(worker.errors).toBe(
        `worker: waiting for the goal ${goal} in the namespace home of ${BUS_URL}, as barn; Ctrl-C or SIGTERM stops it\n`,
      )
    })

    test('says at its start no password that is in the address', async () => {
      const BUS_URL = 'http://ada:secret@127.0.0.1:1'
      startFor({}, ['--once', '--', 'true'], { BUS_URL })
      expect(await worker.exited).toBe(3)
      expect(worker.errors).toContain(
        'waiting for any goal in the namespace default of http://127.0.0.1:1, as ',
      )
      expect(worker.errors).not.toContain('secret')
    })

    test('keeps from the handler what opens the bus, unless that is to be passed', async () => {
      const key = bus.environment['BUS_API_KEY']!
      const file = join(folder(), 'key')
      writeFileSync(file, key)
      const keys = { BUS_API_KEY_FILE: file, INTENT_API_KEY: 'sdk', BUS_ADMIN_TOKEN: 'admin', OTHER: 'seen' }
      const seen = async (...options: string[]) => {
        const id = await bus.publish(goal, '0')
        start(
          [
            ...options,
            '--once',
            '--',
            'sh',
            '-c',
            "env | sed -n 's/^\\(BUS_.*\\|.*KEY\\|OTHER\\)=.*/\\1/p' | sort",
          ],
          keys,
        )
        expect(await worker.exited).toBe(0)
        return ((await bus.result(id)).result as string).split('\n')
      }
      expect(await seen()).toEqual(['BUS_GOAL', 'BUS_URL', 'OTHER'])
      expect(await seen('--pass-key')).toEqual([
        'BUS_ADMIN_TOKEN',
        'BUS_API_KEY',
        'BUS_API_KEY_FILE',
        'BUS_GOAL',
        'BUS_URL',
        'INTENT_API_KEY',
        'OTHER',
      ])
    })

    test('ends with --once and 7 when there is no job, as intent-bus work does', async () => {
      once('--wait', '0', '--', 'false')
      expect(await worker.exited).toBe(EXIT.notYet)
    })

    test('works where nothing but the tools that it needs are installed: no jq', async () => {
      const id = await bus.publish(goal, '{"a":"b"}')
      const PATH = toolbox(join(folder(), 'bin'), { shell: command[0]! })
      start(['--once', '--', 'sh', '-c', 'command -v jq || cat'], { PATH })
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: '{"a":"b"}' })
    })
  })
}
