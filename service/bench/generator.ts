import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { MASTER_KEY } from '../test/support/bus-process.ts'

export type LoadSpec = {
  kind: 'cycle' | 'publish' | 'noop' | 'batch'
  port: number
  connections: number
  seconds: number
  key: string
  claimPath?: string
}
export type LoadResult = {
  /** Jobs from publish to fulfil; requests, by three, for a no-op. */
  cycles: number
  cyclesPerSecond: number
  requestsPerSecond: number
  /** Claims that found nothing. */
  misses: number
  /** ms, by the name of the request. */
  p50: Record<string, number>
  p99: Record<string, number>
  longest: Record<string, number>
}

/** Runs the load in a process of its own, so that its work is not counted against whoever asks. */
export async function load(spec: Omit<LoadSpec, 'key'>): Promise<LoadResult> {
  const script = fileURLToPath(new URL('./load.ts', import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify({ key: MASTER_KEY, ...spec })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', chunk => {
    printed += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`the load generator ended with ${code}`)
  return JSON.parse(printed)
}
