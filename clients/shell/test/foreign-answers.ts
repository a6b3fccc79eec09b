import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { PATIENT } from '../../../service/test/support/patience.ts'
import { FOREIGN, type Portal, portalBefore, TOO_LARGE } from './portal.ts'
import { folder, ShellWorker, WorkedBus } from './shell-worker.ts'
import { hastySleep, type Shell } from './shells.ts'

/** A worker whose bus is behind something that answers for it: the same in every shell. */
export function foreignAnswersIn({ name, command, missing }: Shell): void {
  describe.skipIf(missing !== null)(`a worker in ${name}, answered by something else than the bus,`, () => {
    let bus: WorkedBus
    beforeAll(async () => {
      bus = await WorkedBus.start()
    })
    afterAll(() => bus.remove())

    type Start = { portal: Portal; goal: string; args: string[] }
    function start({ portal, goal, args }: Start): { worker: ShellWorker; sleptSeconds: () => number } {
      const { PATH, slept } = hastySleep(join(folder(), 'bin'), command[0]!)
      const worker = new ShellWorker(command, 'worker.sh', ['--goal', goal, ...args], {
        ...bus.environment,
        BUS_URL: portal.url,
        PATH,
      })
      return { worker, sleptSeconds: slept }
    }

    const said = (worker: ShellWorker, what: RegExp) => worker.errors.match(new RegExp(what, 'g')) ?? []

    test('waits for the bus with its claim, and says once a minute what answers', async () => {
      const portal = await portalBefore(bus)
      portal.answers['claim'] = [...FOREIGN, TOO_LARGE]
      const id = await bus.publish('claim', '"here"')
      const { worker, sleptSeconds } = start({ portal, goal: 'claim', args: ['--', 'cat'] })
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', claim_attempts: 1 })
      await vi.waitUntil(() => worker.errors.includes(`${id}: fulfilled`), PATIENT)
      const minutes = sleptSeconds() / 60
      worker.signal('SIGTERM')
      expect(await worker.exited).toBe(0)
      expect(worker.errors).toContain(
        `worker: something other than an Intent Bus answers at ${portal.url}: 200 text/html "Welcome to the train"\n`,
      )
      const lines = said(worker, /something other than an Intent Bus answers/).length
      // The keeper of the job's lease slept, too.
      expect(lines).toBeGreaterThanOrEqual(Math.floor(minutes - 0.5))
      expect(lines).toBeLessThanOrEqual(Math.floor(minutes) + 1)
      expect(worker.errors).toContain('the bus is back')
    })

    test.each([
      ['fulfill', 'fulfilled', 'cat', FOREIGN],
      ['fail', 'dead', 'false', [...FOREIGN, TOO_LARGE]],
    ])('loses nothing that it has to report by /%s', async (verb, status, work, answers) => {
      const portal = await portalBefore(bus)
      portal.answers[verb] = [...answers]
      const id = await bus.publish(verb, '"kept"', { max_attempts: 1 })
      const { worker } = start({ portal, goal: verb, args: ['--once', '--', work] })
      expect(await worker.exited).toBe(status === 'fulfilled' ? 0 : 1)
      expect(portal.answers[verb]).toEqual([])
      expect(await bus.result(id)).toMatchObject({ status, claim_attempts: 1 })
      expect(said(worker, /not reported yet: something other than an Intent Bus/).length).toBeGreaterThan(0)
    })

    test('reports at once, as a failure, a result that a proxy finds too large', async () => {
      const portal = await portalBefore(bus)
      portal.answers['fulfill'] = [TOO_LARGE]
      const id = await bus.publish('large', '0', { max_attempts: 1 })
      const { worker } = start({ portal, goal: 'large', args: ['--once', '--', 'printf', '%02000d', '0'] })
      expect(await worker.exited).toBe(1)
      expect(portal.passed['fulfill']).toBeUndefined()
      const { status, error } = await bus.result(id)
      expect(status).toBe('dead')
      expect(error).toMatch(
        /^The result cannot reach the bus: .*: 413 text\/html "Request Entity Too Large"\. The request had 2\d{3} bytes\.$/,
      )
    })

    test('ends no command whose lease it cannot extend', async () => {
      const portal = await portalBefore(bus)
      portal.answers['extend_claim'] = [...FOREIGN, TOO_LARGE]
      const id = await bus.publish('extend', '0')
      const here = folder()
      const { worker } = start({
        portal,
        goal: 'extend',
        args: ['--once', '--', 'sh', '-c', `: > ${here}/begun; until [ -e ${here}/go ]; do sleep 1; done; echo done`],
      }) // biome-ignore format: one call
      await vi.waitUntil(() => (portal.passed['extend_claim'] ?? 0) > 0, PATIENT)
      expect(existsSync(`${here}/begun`)).toBe(true)
      writeFileSync(`${here}/go`, '')
      expect(await worker.exited).toBe(0)
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', result: 'done', claim_attempts: 1 })
      expect(said(worker, /the lease is not extended yet: something other/).length).toBeGreaterThan(0)
    })

    test('gives up with --once after 30 s', async () => {
      const portal = await portalBefore(bus)
      portal.answers['claim'] = Array(1000).fill(FOREIGN[2])
      const { worker, sleptSeconds } = start({ portal, goal: 'once', args: ['--once', '--', 'true'] })
      expect(await worker.exited).toBe(3)
      expect(sleptSeconds()).toBe(30)
      expect(worker.errors).toContain(
        `worker: something other than an Intent Bus answers at ${portal.url}: 302\n`,
      )
    })

    test('takes an error for the bus’s own only with the error object', async () => {
      const portal = await portalBefore(bus)
      const headers = { 'x-intent-version': '7.61', 'content-type': 'text/plain' }
      portal.answers['claim'] = [{ status: 401, headers, body: 'who are you?' }]
      const { worker } = start({ portal, goal: 'object', args: ['--once', '--wait', '0', '--', 'true'] })
      expect(await worker.exited).toBe(7)
      expect(portal.passed['claim']).toBe(1)
    })
  })
}
