/** `npm run demo`: the whole idea in one terminal, in about ten seconds. Everything in it is real; nothing is left behind. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { IntentBus } from '@intent-bus/client/index'
import { styled } from '../src/output.ts'
import { Stage } from './stage.ts'

const BURST = 2000

const dir = mkdtempSync(join(tmpdir(), 'intent-bus-demo-'))
const stage = new Stage(dir)

try {
  await stage.openBus()
  await act('A bus is one process and one file. This one has just started, in an empty directory:')
  stage.print(`  ${styled('green', '✓')} ready at ${stage.url}, with secrets of its own`)

  await act('A worker asks for jobs by plain HTTP. It can be behind any NAT: nobody has to reach it.')
  stage.work('shout', 'tr a-z A-Z')
  await act('Somewhere else, a script publishes one and waits for the result:')
  await stage.run('publish', 'shout', '"good morning"', '--wait', '5')

  await act('A job that fails is tried again after a backoff. This one works at the second attempt:')
  stage.work('flaky', 'test "$INTENT_ATTEMPT" -gt 1 && echo "worked at attempt $INTENT_ATTEMPT"')
  await stage.run('publish', 'flaky', 'null', '--backoff', '1', '--wait', '8')

  await act('One that fails for good becomes a dead letter, which says why and can be retried:')
  stage.work('broken', 'echo "no paper in the printer" >&2; exit 1')
  await stage.run('publish', 'broken', 'null', '--max-attempts', '1', '--wait', '5')
  await stage.run('dead', 'list')

  await act(
    `What was acknowledged is on disk. ${BURST} jobs, and the bus is killed (kill -9) in the middle of it:`,
  )
  await burst()
} finally {
  await stage.close()
  rmSync(dir, { recursive: true, force: true })
}
stage.print(
  `\nNow yours:  ${styled('bold', 'npm start')}  and, beside it:  ${styled('bold', 'npx intent-bus doctor')}`,
)

async function act(caption: string): Promise<void> {
  stage.print(`\n${styled('bold', caption)}`)
  await sleep(stage.pause)
}

async function burst(): Promise<void> {
  const { url, key, adminToken } = stage
  const bus = new IntentBus({ url, key, adminToken, retries: 30 })
  const fulfilled = async () => (await bus.admin.overview()).intents.fulfilled
  const before = await fulfilled()
  const began = performance.now()
  for (let first = 0; first < BURST; first += 500) {
    await bus.publishMany(Array.from({ length: 500 }, (_, i) => ({ goal: 'count', payload: first + i })))
  }
  let runs = 0
  const worker = bus.worker('count', () => void runs++, { concurrency: 100, lease: 10, handleSignals: false })
  while (runs < BURST / 4) await sleep(1)
  await stage.killBus()
  stage.print(`  ${styled('red', '✗')} killed`)
  await stage.openBus()
  stage.print(`  ${styled('green', '✓')} started again`)
  await allFulfilled(async () => (await fulfilled()) - before)
  await worker.stop()
  const done = (await fulfilled()) - before
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  stage.print(
    `  ${styled('green', '✓')} ${done} of ${BURST} fulfilled, in ${seconds} s with the crash; ${BURST - done} lost`,
  )
}

/** What was being handed out at the moment of the crash comes back when its lease ends, ten seconds later. */
async function allFulfilled(count: () => Promise<number>): Promise<void> {
  let last = -1
  let told = false
  for (let now = await count(); now < BURST; now = await count()) {
    if (now === last && !told) {
      stage.print(
        `  ${styled('yellow', '…')} ${BURST - now} were just being handed out; their leases have to run out first`,
      )
      told = true
    }
    last = now
    await sleep(500)
  }
}
