import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { SmallDisk, whyNoSmallDisk } from '../../../service/test/hostile/small-disk.ts'
import { PATIENT } from '../../../service/test/support/patience.ts'
import { folder, running, ShellWorker, WorkedBus } from './shell-worker.ts'
import type { Shell } from './shells.ts'

const noDisk = whyNoSmallDisk()

/** A worker whose directory for temporary files is full, or goes away: the same in every shell. */
export function roomsIn({ name, command, missing }: Shell): void {
  describe.skipIf(missing !== null)(`a worker in ${name} without room`, () => {
    let bus: WorkedBus
    beforeAll(async () => {
      bus = await WorkedBus.start()
    })
    afterAll(() => bus.remove())

    function start(TMPDIR: string, args: string[]): ShellWorker {
      return new ShellWorker(command, 'worker.sh', args, { ...bus.environment, TMPDIR, BUS_GOAL: 'room' })
    }

    /** A job that goes on until its file `go` is there, and then does this. */
    async function atWork(TMPDIR: string, end: string, ...options: string[]) {
      const here = folder()
      const id = await bus.publish('room', '"kept"', { max_attempts: 1 })
      const work = `echo $$ > ${here}/pids; : > ${here}/begun; until [ -e ${here}/go ]; do sleep 0.1; done; ${end}`
      const worker = start(TMPDIR, [...options, '--', 'sh', '-c', work])
      await vi.waitUntil(() => existsSync(`${here}/begun`), PATIENT)
      return { id, worker, here, go: () => writeFileSync(`${here}/go`, '') }
    }

    async function stopped(worker: ShellWorker, code = 0): Promise<void> {
      worker.signal('SIGTERM')
      expect(await worker.exited).toBe(code)
    }

    describe.skipIf(noDisk !== null)(
      `on a full disk${noDisk === null ? '' : ` (skipped: ${noDisk})`}`,
      () => {
        function small(): SmallDisk {
          const disk = new SmallDisk(2)
          onTestFinished(() => disk.remove())
          return disk
        }

        test('claims nothing, says why, and takes the job when there is room again', async () => {
          const disk = small()
          disk.fill()
          const id = await bus.publish('room', '"kept"')
          const worker = start(disk.path, ['--', 'cat'])
          await vi.waitUntil(() => /no job is claimed: .*(No space|no room)/.test(worker.errors), PATIENT)
          expect(await bus.status(id)).toMatchObject({ status: 'open', claim_attempts: 0 })
          disk.relieve()
          expect(await bus.result(id)).toMatchObject({ status: 'fulfilled', claim_attempts: 1 })
          await vi.waitUntil(() => worker.errors.includes(`${id}: fulfilled`), PATIENT)
          expect(worker.errors).toContain('there is room again')
          await stopped(worker)
        })

        test('claims nothing either when there is room for little more than nothing', async () => {
          const disk = small()
          const id = await bus.publish('room', '"kept"')
          disk.fill(disk.freeBytes / 1024 ** 2 - 0.25)
          const worker = start(disk.path, ['--once', '--', 'cat'])
          expect(await worker.exited).toBe(2)
          expect(worker.errors).toMatch(/there is no room for a job's files in \S+, which takes 512 KiB/)
          expect(await bus.status(id)).toMatchObject({ status: 'open', claim_attempts: 0 })
          await bus.cancel(id)
        })

        test('ends when it is told to', async () => {
          const disk = small()
          disk.fill()
          const worker = start(disk.path, ['--', 'cat'])
          await vi.waitUntil(() => worker.errors.includes('no job is claimed'), PATIENT)
          await stopped(worker)
        })

        test('reports a command that fails there', async () => {
          const disk = small()
          const { id, worker, go } = await atWork(disk.path, 'exit 3')
          disk.fill()
          go()
          expect((await bus.result(id)).error).toBe('The handler ended with exit code 3.')
          await stopped(worker)
        })

        test('takes nothing for a result that may be cut off', async () => {
          const disk = small()
          const { id, worker, go } = await atWork(disk.path, `awk 'BEGIN { printf "%9000s", "x" }'; exit 0`)
          disk.fill()
          go()
          expect((await bus.result(id)).error).toMatch(/what the command printed may be cut off/)
          await stopped(worker)
        })

        test('says so when there is no room for the result, by what is put by', async () => {
          const disk = small()
          const { id, worker, go } = await atWork(disk.path, `awk 'BEGIN { printf "%700000s", "x" }'`)
          disk.fill(disk.freeBytes / 1024 ** 2 - 0.8)
          go()
          expect((await bus.result(id)).error).toMatch(
            /^The worker has no room for the result: there is no room in /,
          )
          await stopped(worker)
        })

        test('ends a command whose time is over, and one whose lease is lost', async () => {
          const disk = small()
          const late = await atWork(disk.path, 'true', '--timeout', '2')
          disk.fill()
          expect((await bus.result(late.id)).error).toBe('The handler took longer than 2 s.')
          await vi.waitUntil(() => running(`${late.here}/pids`).length === 0, PATIENT)
          await stopped(late.worker)
          disk.relieve()
          const lost = await atWork(disk.path, 'true', '--lease', '10')
          disk.fill()
          await bus.cancel(lost.id)
          await vi.waitUntil(() => running(`${lost.here}/pids`).length === 0, PATIENT)
          await vi.waitUntil(() => lost.worker.errors.includes(`${lost.id}: the lease is lost`), PATIENT)
          await stopped(lost.worker)
        })
      },
    )

    test('goes on where a cleaner has taken its files away', async () => {
      const TMPDIR = folder()
      const first = await bus.publish('room', '1')
      const worker = start(TMPDIR, ['--wait', '1', '--', 'cat'])
      await vi.waitUntil(() => worker.errors.includes(`${first}: fulfilled`), PATIENT)
      rmSync(TMPDIR, { recursive: true })
      // It may be there still: what the worker makes in it meanwhile is not taken away.
      mkdirSync(TMPDIR, { recursive: true })
      // The poll that is under way could not keep a job; the next one can.
      await vi.waitUntil(() => readdirSync(TMPDIR).length > 0, PATIENT)
      const second = await bus.publish('room', '2')
      expect(await bus.result(second)).toMatchObject({ status: 'fulfilled', result: '2' })
      await vi.waitUntil(() => worker.errors.includes(`${second}: fulfilled`), PATIENT)
      await stopped(worker)
    })

    test('says what was lost when its files go while a command runs, and keeps its lease', async () => {
      const TMPDIR = folder()
      const { id, worker, go } = await atWork(TMPDIR, 'echo done', '--lease', '10')
      const first = (await bus.status(id))['claim_expires_at']
      rmSync(TMPDIR, { recursive: true })
      mkdirSync(TMPDIR, { recursive: true })
      await vi.waitUntil(
        async () => Number((await bus.status(id))['claim_expires_at']) > Number(first),
        PATIENT,
      )
      go()
      expect((await bus.result(id)).error).toMatch(/vanished, and what the command printed with it/)
      await stopped(worker)
    })

    test('ends when it is told to, though it can report nothing', async () => {
      const TMPDIR = join(folder(), 'gone')
      mkdirSync(TMPDIR)
      const { id, worker, go } = await atWork(TMPDIR, 'echo done')
      rmSync(TMPDIR, { recursive: true })
      go()
      await vi.waitUntil(
        () => worker.errors.includes(`${id}: not reported yet: no directory for temporary files can be made`),
        PATIENT,
      )
      await stopped(worker)
      expect(worker.errors).toContain(`${id}: ended without a report`)
      await bus.cancel(id)
    })
  })
}
