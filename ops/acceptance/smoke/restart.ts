/** The bus is stopped and started by whoever runs it; what it had acknowledged is there afterwards. */
import { spawn } from 'node:child_process'
import { call, Fault } from './call.ts'
import type { Target } from './target.ts'
import { doIt, ownNamespace, publish, withKey } from './work.ts'

/** A small machine on a slow disk. */
const BACK_WITHIN_MS = 120_000

export async function restartLosesNothing(target: Target): Promise<string> {
  const ask = withKey(target)
  const [kept, idle] = [ownNamespace(), ownNamespace()]
  const id = await publish(ask, kept)
  const waiting = ask(`/claim?namespace=${idle}&wait=60`, { withinMs: 80_000 })
  waiting.catch(() => undefined)
  // Long enough for the claim to arrive; were it late, it would be refused and not answered, which fails.
  await new Promise(resolve => setTimeout(resolve, 1000))
  await run(target.restart!)

  const drained = await waiting
  const isSentAway = drained.status === 204 || (drained.status === 503 && drained.headers.has('retry-after'))
  if (!isSentAway) {
    throw new Fault(`a worker that waits is sent away by a stop, with 204 or 503; it got ${drained.status}`)
  }
  await untilBack(target.url)
  await doIt(ask, await ask(`/claim?namespace=${kept}`), id)
  return `the waiting worker got ${drained.status}`
}

function run(command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', chunk => {
      said = (said + chunk).slice(-500)
    })
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) resolve()
      else reject(new Fault(`the command of --restart ended with ${code}: ${said.trim()}`))
    })
  })
}

async function untilBack(url: string): Promise<void> {
  const deadline = performance.now() + BACK_WITHIN_MS
  let last = ''
  while (performance.now() < deadline) {
    try {
      const { status, text } = await call(url, '/health/ready', { withinMs: 5000 })
      if (status === 200) return
      last = `${status} ${text.slice(0, 80)}`
    } catch (error) {
      last = (error as Error).message
    }
    await new Promise(resolve => setTimeout(resolve, 250))
  }
  throw new Fault(`it was not ready ${BACK_WITHIN_MS / 1000} s after the command of --restart: ${last}`)
}
