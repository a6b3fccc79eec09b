/**
 * Goes before the bus (`--import`) and measures how long its main thread works in one piece: whoever asks for `/health`
 * waits for as long. It takes the CPU time of the thread and not the clock's, so a busy machine is no finding.
 *
 * A timer looks every few milliseconds. Between two looks there are several short turns of the event loop, or one long one.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BroadcastChannel, isMainThread } from 'node:worker_threads'
import type { Answered, FromBus, LongTurn, ToBus } from './messages.ts'

const LOOK_EVERY_MS = 5
const REPORT_EVERY_MS = 50
/** A turn that is worth a word. The limit is whoever's who reads it. */
const LONG_MS = 50

const collect = (): void => (globalThis as { gc?: () => void }).gc?.()
const threads = new BroadcastChannel('collect garbage')
threads.unref()
threads.onmessage = collect

if (isMainThread && process.send !== undefined) watch()

function watch(): void {
  const underWay = new Set<Asked>()
  /** Whose answer is out, and whose last turn may not be over yet. */
  let answered: Asked[] = []
  let done: Answered[] = []
  let turns: LongTurn[] = []
  let before = cpuMs()
  let reportedAt = performance.now()
  let isAsked = false

  subscribe('http.server.request.start', message => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    const asked: Asked = {
      id: `${request.headers['x-request-id'] ?? ''}`,
      route: `${request.method} ${request.url?.slice(0, 80)}`,
      startedAt: cpuMs(),
      longestMs: 0,
      tookMs: 0,
    }
    underWay.add(asked)
    response.once('close', () => {
      underWay.delete(asked)
      asked.tookMs = cpuMs() - asked.startedAt
      answered.push(asked)
    })
  })

  setInterval(() => {
    const now = cpuMs()
    const turnMs = now - before
    const during = [...answered, ...underWay]
    for (const asked of during) asked.longestMs = Math.max(asked.longestMs, turnMs)
    if (turnMs >= LONG_MS)
      turns.push({ ms: turnMs, requests: during.map(({ id, route }) => ({ id, route })) })
    for (const { id, longestMs, tookMs } of answered) done.push({ id, longestMs, tookMs })
    answered = []
    const isDue = performance.now() - reportedAt >= REPORT_EVERY_MS && done.length + turns.length > 0
    if (isDue || isAsked) {
      tell({ kind: 'worked', answered: done, turns })
      done = []
      turns = []
      reportedAt = performance.now()
    }
    if (isAsked) {
      isAsked = false
      threads.postMessage(null)
      collect()
      tell({ kind: 'collected', memory: process.memoryUsage() })
    }
    // What the look itself took is nobody's.
    before = cpuMs()
  }, LOOK_EVERY_MS).unref()

  process.on('message', (message: ToBus) => {
    isAsked ||= message === 'collect'
  })
  // The listener alone would keep the bus from ending.
  process.channel?.unref()
}

type Asked = { id: string; route: string; startedAt: number; longestMs: number; tookMs: number }

function tell(message: FromBus): void {
  process.send?.(message)
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
