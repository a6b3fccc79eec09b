import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { installed } from '../../../service/test/support/installed.ts'
import { PATIENT } from '../../../service/test/support/patience.ts'
import { folder, ShellWorker, WorkedBus } from './shell-worker.ts'
import { hastySleep, type Shell } from './shells.ts'

/** A worker that signs, on a machine whose clock is wrong until a network has told it the time: the same in every shell. */
export function clocksIn({ name, command, missing }: Shell): void {
  describe.skipIf(missing !== null)(`a worker in ${name} whose clock is off`, () => {
    let bus: WorkedBus
    beforeAll(async () => {
      bus = await WorkedBus.start({ BUS_REQUIRE_SIGNATURES: 'true' })
    })
    afterAll(() => bus.remove())

    /** @returns its PATH, and what sets its clock, in seconds from the right time */
    function clock(): { PATH: string; set: (off: number) => void } {
      const here = folder()
      const { PATH } = hastySleep(join(here, 'bin'), command[0]!, ['date'])
      const set = (off: number): void => writeFileSync(join(here, 'off'), `${off}`)
      writeFileSync(
        join(PATH, 'date'),
        `#!/bin/sh\nread -r off < ${here}/off || :\necho $(($(${installed('date')} "$@") + off))\n`,
        { mode: 0o755 },
      )
      return { PATH, set }
    }

    function start(PATH: string, ...args: string[]): ShellWorker {
      const also = { BUS_SIGN: 'true', PATH }
      return new ShellWorker(command, 'worker.sh', ['--goal', 'clock', ...args], {
        ...bus.environment,
        ...also,
      })
    }

    test.each([
      [-33_150, '9 h 12 min behind that of the bus'],
      [400, '400 s ahead of that of the bus'],
    ])('waits for it, says how far it is off, and does its job then: %i s', async (off, said) => {
      const { PATH, set } = clock()
      set(off)
      const id = await bus.publish('clock', '"right"')
      const worker = start(PATH, '--', 'cat')
      await vi.waitUntil(() => worker.errors.includes('Stale timestamp'), PATIENT)
      const seconds = /clock is (\d+) s ahead/.exec(worker.errors)?.[1]
      // The seconds between the two readings of the clock do not count.
      if (seconds === undefined) expect(worker.errors).toContain(`this machine's clock is ${said}`)
      else expect(Math.abs(Number(seconds) - off)).toBeLessThan(60)
      set(0)
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', claim_attempts: 1 })
      await vi.waitUntil(() => worker.errors.includes(`${id}: fulfilled`), PATIENT)
      worker.signal('SIGTERM')
      expect(await worker.exited).toBe(0)
    })

    test('loses no result when the clock jumps while the job is done', async () => {
      const { PATH, set } = clock()
      set(0)
      const id = await bus.publish('clock', '"kept"')
      const here = folder()
      const work = `: > ${here}/begun; until [ -e ${here}/go ]; do sleep 0.1; done; cat`
      const worker = start(PATH, '--once', '--', 'sh', '-c', work)
      await vi.waitUntil(() => existsSync(`${here}/begun`), PATIENT)
      set(86_400)
      writeFileSync(`${here}/go`, '')
      await vi.waitUntil(() => worker.errors.includes('Stale timestamp'), PATIENT)
      set(0)
      expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', claim_attempts: 1 })
      expect(await worker.exited).toBe(0)
    })

    test('ends with 4 when --once has waited for half a minute', async () => {
      const { PATH, set } = clock()
      set(86_400)
      const worker = start(PATH, '--once', '--', 'cat')
      expect(await worker.exited).toBe(4)
      expect(worker.errors).toContain("this machine's clock is 24 h 0 min ahead of that of the bus")
    })
  })
}
