/** What takes a while, in every shell: leases that are kept, lost and outlived by the bus, signatures, odd networks. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { installed } from '../../../service/test/support/installed.ts'
import { PATIENT } from '../../../service/test/support/patience.ts'
import { folder, listening, running, ShellWorker, WorkedBus } from './shell-worker.ts'
import { shells, toolbox } from './shells.ts'

for (const { name, command, missing } of shells) {
  describe.skipIf(missing !== null)(`a worker in ${name}`, () => {
    let bus: WorkedBus
    beforeAll(async () => {
      bus = await WorkedBus.start()
    })
    afterAll(() => bus.remove())

    function start(args: string[], env: Record<string, string> = {}): ShellWorker {
      return new ShellWorker(command, 'worker.sh', args, { ...bus.environment, ...env })
    }

    /** A job that goes on until its file `go` is there, and the worker that has it. */
    async function atWork(...args: string[]): Promise<{ id: string; here: string; worker: ShellWorker }> {
      const here = folder()
      const id = await bus.publish('long', '0')
      const work = `sleep 600 & echo $! $$ > ${here}/pids; : > ${here}/begun; until [ -e ${here}/go ]; do sleep 0.1; done; echo done`
      const worker = start(['--once', '--lease', '10', '--goal', 'long', ...args, '--', 'sh', '-c', work])
      await vi.waitUntil(() => existsSync(`${here}/begun`), PATIENT)
      return { id, here, worker }
    }

    test('extends the lease for as long as it works', async () => {
      const { id, here } = await atWork()
      const first = (await bus.status(id))['claim_expires_at']
      // Three times beyond the first lease: it was extended with what the bus said it is, again and again.
      await vi.waitUntil(
        async () => Number((await bus.status(id))['claim_expires_at']) > Number(first) + 10,
        PATIENT,
      )
      writeFileSync(`${here}/go`, '')
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: 'done', claim_attempts: 1 })
    })

    test('ends its handler, with all it has started, when the lease is lost', async () => {
      const { id, here, worker } = await atWork()
      await bus.cancel(id)
      expect(await worker.exited).toBe(1)
      expect(worker.errors).toContain(`${id}: the lease is lost`)
      await vi.waitUntil(() => running(`${here}/pids`).length === 0, PATIENT)
      expect(worker.leftovers).toEqual([])
    })

    test('goes on with the next job after a lost lease', async () => {
      const first = await bus.publish('next', '"slow"')
      const second = await bus.publish('next', '"quick"', { priority: 0 })
      const here = folder()
      const work = `read -r job || :; [ "$job" = '"quick"' ] || { : > ${here}/begun; sleep 600; }`
      const worker = start(['--lease', '10', '--goal', 'next', '--', 'sh', '-c', work])
      await vi.waitUntil(() => existsSync(`${here}/begun`), PATIENT)
      await bus.cancel(first)
      expect(await bus.result(second)).toMatchObject({ status: 'fulfilled' })
      worker.signal('SIGTERM')
      expect(await worker.exited).toBe(0)
    })

    test('kills a handler that does not heed SIGTERM', async () => {
      const pids = join(folder(), 'pids')
      const id = await bus.publish('deaf', '0', { max_attempts: 1 })
      const work = `trap '' TERM; sleep 600 & echo $! $$ > ${pids}; while :; do wait; done`
      const worker = start(['--once', '--timeout', '1', '--goal', 'deaf', '--', 'sh', '-c', work])
      expect((await bus.result(id)).error).toBe('The handler took longer than 1 s.')
      await worker.exited
      await vi.waitUntil(() => running(pids).length === 0, PATIENT)
    })

    test('gives a payload that no variable holds by standard input and by a file', async () => {
      const large = await WorkedBus.start({ BUS_MAX_PAYLOAD_BYTES: '300000', BUS_MAX_RESULT_BYTES: '300000' })
      onTestFinished(() => large.remove())
      const payload = JSON.stringify('é'.repeat(100_000))
      const id = await large.publish('large', payload)
      const work =
        'cmp - "$INTENT_PAYLOAD_FILE" >&2 && [ -z "$INTENT_PAYLOAD" ] && cat "$INTENT_PAYLOAD_FILE"'
      const worker = new ShellWorker(
        command,
        'worker.sh',
        ['--once', '--result', 'json', '--', 'sh', '-c', work],
        large.environment,
      )
      expect(await large.result(id)).toMatchObject({ status: 'fulfilled', result: JSON.parse(payload) })
      expect(await worker.exited).toBe(0)
    })

    test('does a hundred quick jobs one after the other, and stops', async () => {
      const ids = await Promise.all(Array.from({ length: 100 }, (_, at) => bus.publish('quick', `${at}`)))
      const worker = start(['--goal', 'quick', '--', 'cat'])
      const results = await Promise.all(ids.map(id => bus.result(id)))
      expect(results.map(({ status, result }) => `${status} ${result}`)).toEqual(
        ids.map((_, at) => `fulfilled ${at}`),
      )
      worker.signal('SIGTERM')
      expect(await worker.exited).toBe(0)
    })

    test.skipIf(installed('strace') === undefined).each([
      { code: 0, status: 'fulfilled' },
      { code: 7, status: 'dead' },
    ])(
      'reports a job that ends with $code in the instant of the signal to stop',
      async ({ code, status }) => {
        const id = await bus.publish('instant', '0', { max_attempts: 1 })
        const here = folder()
        const [go, begun] = [join(here, 'go'), join(here, 'begun')]
        const worker = start([
          '--goal',
          'instant',
          '--',
          'sh',
          '-c',
          // The worker's own child is the shell that this one runs under.
          `echo $PPID > ${begun}.made; mv ${begun}.made ${begun}; until [ -e ${go} ]; do sleep 0.1; done; exit ${code}`,
        ])
        await vi.waitUntil(() => existsSync(begun), PATIENT)
        const handler = readFileSync(begun, 'utf8').trim()
        expect(worker.children).toContain(handler)
        const atOnce = await worker.slowWaits(2)
        writeFileSync(go, '')
        await vi.waitUntil(() => !worker.children.includes(handler), { ...PATIENT, interval: 5 })
        worker.signal('SIGTERM')
        atOnce()
        expect(await worker.exited).toBe(0)
        expect(await bus.result(id)).toMatchObject({ status, claim_attempts: 1 })
      },
    )

    test('takes its handler along when it is killed', async () => {
      const { here, worker } = await atWork()
      worker.signal('SIGKILL')
      await vi.waitUntil(() => running(`${here}/pids`).length === 0, PATIENT)
      await vi.waitUntil(() => worker.leftovers.length === 0, PATIENT)
    })

    test('comes through a restart of the bus, while it waits and while it works', async () => {
      const here = folder()
      const work = `: > ${here}/begun; until [ -e ${here}/go ]; do sleep 0.1; done; cat`
      const worker = start(['--goal', 'restart', '--', 'sh', '-c', work])
      await vi.waitUntil(async () => (await bus.waiting()) === 1, PATIENT)
      await bus.stop()
      await vi.waitUntil(() => worker.errors.includes('no answer to a claim'), PATIENT)
      await bus.startAgain()
      // Though there is no work yet, and its next poll takes long.
      await vi.waitUntil(() => worker.errors.includes('the bus is back'), PATIENT)

      const id = await bus.publish('restart', '"kept"')
      await vi.waitUntil(() => existsSync(`${here}/begun`), PATIENT)
      await bus.stop()
      writeFileSync(`${here}/go`, '')
      await vi.waitUntil(() => worker.errors.includes(`${id}: not reported yet`), PATIENT)
      worker.signal('SIGTERM')
      await bus.startAgain()
      expect(await worker.exited).toBe(0)
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: '"kept"', claim_attempts: 1 })
    })

    test('reports again until it is answered, as late as Retry-After says', async () => {
      const refusals = [503, 429, 408]
      const between = await listening(async (request, response) => {
        const refusal = request.url!.startsWith('/fulfill/') ? refusals.shift() : undefined
        if (refusal !== undefined) {
          const error = { code: 'overloaded', message: 'Not now' }
          response.writeHead(refusal, { 'retry-after': '17', 'x-intent-version': '7.61' })
          response.end(JSON.stringify({ error }))
          return
        }
        const answer = await fetch(`${bus.environment['BUS_URL']}${request.url}`, {
          method: 'POST',
          headers: { 'x-api-key': request.headers['x-api-key'] as string },
          body: await text(request),
        })
        response.writeHead(answer.status, { 'x-intent-version': '7.61' }).end(await answer.text())
      })
      // A stand-in for sleep: 17 s pass at once.
      const bin = toolbox(join(folder(), 'bin'), {
        shell: command[0]!,
        without: ['sleep'],
      })
      const slept = join(folder(), 'slept')
      writeFileSync(
        join(bin, 'sleep'),
        `#!/bin/sh\necho "$1" >> ${slept}\n[ "$1" = 17 ] || exec ${installed('sleep')} "$1"\n`,
        { mode: 0o755 },
      )
      const id = await bus.publish('again', '"once"')
      const worker = start(['--once', '--goal', 'again', '--', 'cat'], { BUS_URL: between, PATH: bin })
      expect(await worker.exited).toBe(0)
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: '"once"', claim_attempts: 1 })
      expect(readFileSync(slept, 'utf8').match(/^17$/gm)).toHaveLength(3)
    })

    test.each([
      ['openssl', ['openssl']],
      ['sha256sum', ['sha256sum']],
    ])('signs its requests with %s, whatever the length of the key', async (tool, also) => {
      expect(installed(tool)).toBeDefined()
      for (const key of [
        'short',
        'a key of exactly sixty-four characters, as HMAC-SHA256 blocks are',
        `long ${'k'.repeat(200)}`,
      ]) {
        const signed = await WorkedBus.start({
          BUS_SECRET: key,
          BUS_ALLOW_SHORT_SECRETS: 'true',
          BUS_REQUIRE_SIGNATURES: 'true',
        })
        onTestFinished(() => signed.remove())
        const goal = 'a goal / with ünï&code+;=%20~'
        const id = await signed.publish(goal, '"é"')
        const PATH = toolbox(join(folder(), 'bin'), {
          shell: command[0]!,
          also,
        })
        const worker = new ShellWorker(
          command,
          'worker.sh',
          ['--once', '--goal', goal, '--capabilities', 'a,b', '--', 'cat'],
          {
            ...signed.environment,
            BUS_SIGN: 'true',
            PATH,
          },
        )
        expect(await worker.exited, worker.errors).toBe(0)
        expect(await signed.result(id)).toMatchObject({ status: 'fulfilled', result: '"é"' })
      }
    })

    test('ends with 4 when it does not sign and must', async () => {
      const signed = await WorkedBus.start({ BUS_REQUIRE_SIGNATURES: 'true' })
      onTestFinished(() => signed.remove())
      const worker = new ShellWorker(command, 'worker.sh', ['--', 'true'], signed.environment)
      expect(await worker.exited).toBe(4)
      expect(worker.errors).toMatch(/403 Missing signature headers/)
    })
  })
}
