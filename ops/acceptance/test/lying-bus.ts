/**
 * As much of a bus as the stress harness asks for, in memory and in time that stands still, honest but for the lies it
 * is told to tell. A harness that passes one of them is worth nothing.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export type Lie =
  | 'never kills'
  | 'hands out the dead'
  | 'fails without a backoff'
  | 'keeps its dead in the open'
  | 'takes another body'
  | 'makes two under one key'
  | 'forgets a key when it restarts'
  | 'forgets a key at the end'
  | 'loses'
  | 'hides'
  | 'doubles'
  | 'shares an id'
  | 'hands out twice'
  | 'hands out twice, and says that leases are short'
  | 'accepts twice'
  | 'forgets what was settled'
  | 'leaves what was settled claimed'
  | 'alters'
  | 'rejects'

type Intent = {
  id: string
  goal: string
  namespace: string
  payload: unknown
  maxAttempts: number
  status: 'open' | 'claimed' | 'fulfilled' | 'dead'
  attempts: number
  token: string | null
  runAt: number
}
type Publish = { goal: string; namespace: string; payload: unknown; max_attempts?: number }
type Answer = { status: number; body?: object }

/** Every tenth intent is lied about, where one is enough. */
const EVERY = 10
const NO = (status: number, code: string): Answer => ({ status, body: { error: { code, message: code } } })

export class LyingBus {
  readonly #lie: Lie | null
  readonly #server: Server
  readonly #intents: Intent[] = []
  readonly #keys = new Map<string, { body: string; id: string }>()
  #published = 0
  #tokens = 0
  /** Unix ms. */
  nowMs = 1_800_000_000_000
  /** Held back until this says so. */
  gate: (path: string) => Promise<void> = async () => {}

  private constructor(lie: Lie | null) {
    this.#lie = lie
    this.#server = createServer(async (request, response) => {
      const text = await bodyOf(request)
      await this.gate(request.url!)
      const { status, body } = this.#answer(request, text)
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' })
      response.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  /** For one test. @param lie `null`: an honest one */
  static async start(lie: Lie | null): Promise<LyingBus> {
    const bus = new LyingBus(lie)
    bus.#server.listen(0, '127.0.0.1')
    await once(bus.#server, 'listening')
    onTestFinished(() => {
      bus.#server.closeAllConnections()
      bus.#server.close()
    })
    return bus
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  restart(): void {
    if (this.#lie === 'forgets a key when it restarts') this.#keys.clear()
  }

  #answer({ method, url, headers }: IncomingMessage, text: string): Answer {
    const { pathname, searchParams } = new URL(url!, 'http://bus')
    const [, verb, id] = pathname.split('/')
    const body = text === '' ? {} : JSON.parse(text)
    if (verb === 'health') return { status: 200, body: { ok: true, ts: this.nowMs / 1000, version: 'lying' } }
    if (method === 'POST' && verb === 'intent')
      return this.#publish(body, headers['idempotency-key'] as string)
    if (method === 'POST' && verb === 'claim') return this.#claim(searchParams)
    const intent = this.#intents.find(each => each.id === id)
    if (intent === undefined) return NO(404, 'not_found')
    if (verb === 'status') return { status: 200, body: this.#statusOf(intent) }
    const isHolder = intent.token === body.claim_token || this.#lie === 'accepts twice'
    if (!isHolder || (intent.status !== 'claimed' && this.#lie !== 'accepts twice'))
      return NO(404, 'not_found')
    if (verb === 'fulfill') this.#fulfil(intent)
    else this.#fail(intent)
    return { status: 200, body: { ok: true, id } }
  }

  #publish(body: Publish, key?: string): Answer {
    const seen = key === undefined ? undefined : this.#keys.get(key)
    const same =
      seen !== undefined && (seen.body === JSON.stringify(body) || this.#lie === 'takes another body')
    if (seen !== undefined) {
      if (same && this.#lie === 'makes two under one key') this.#add(body)
      return same ? { status: 201, body: { id: seen.id } } : NO(422, 'idempotency_conflict')
    }
    this.#published += 1
    const isLiedAbout = this.#published % EVERY === 0
    if (isLiedAbout && this.#lie === 'rejects') return NO(400, 'invalid_payload')
    const intent = this.#add(body)
    if (isLiedAbout && this.#lie === 'doubles') this.#add(body)
    if (isLiedAbout && this.#lie === 'loses') this.#intents.pop()
    if (isLiedAbout && this.#lie === 'alters') intent.payload = { ...(body.payload as object), padding: '' }
    if (isLiedAbout && this.#lie === 'shares an id') {
      this.#intents.pop()
      intent.id = this.#intents.at(-1)!.id
    }
    if (key !== undefined) this.#keys.set(key, { body: JSON.stringify(body), id: intent.id })
    return { status: 201, body: { id: intent.id, status: 'published' } }
  }

  #add({ goal, namespace, payload, max_attempts = 3 }: Publish): Intent {
    const id = (this.#intents.length + 1).toString(16).padStart(32, '0')
    const shared = { id, goal, namespace, payload, maxAttempts: max_attempts, runAt: this.nowMs }
    const intent: Intent = { ...shared, status: 'open', attempts: 0, token: null }
    this.#intents.push(intent)
    return intent
  }

  #claim(query: URLSearchParams): Answer {
    const goal = query.get('goal')
    const intent = this.#intents.find(
      (each, i) =>
        (goal === null || each.goal === goal) &&
        each.namespace === query.get('namespace') &&
        !(this.#lie === 'hides' && i % EVERY === EVERY - 1) &&
        this.#isReady(each, i),
    )
    if (intent === undefined) return { status: 204 }
    this.#tokens += 1
    intent.status = 'claimed'
    intent.attempts += 1
    intent.token = `token-${this.#tokens}`
    const { id, payload, attempts, token } = intent
    const claim = {
      id,
      claim_token: token,
      payload,
      claim_attempts: attempts,
      claim_timeout: this.#leaseSeconds,
    }
    return { status: 200, body: claim }
  }

  get #leaseSeconds(): number {
    return this.#lie === 'hands out twice, and says that leases are short' ? 0 : 60
  }

  #isReady({ status, attempts, runAt }: Intent, i: number): boolean {
    if (runAt > this.nowMs) return false
    if (this.#lie === 'hands out the dead' && status === 'dead') return true
    const isTwice = this.#lie?.startsWith('hands out twice') || this.#lie === 'accepts twice'
    const isHeldOnce = status === 'claimed' && attempts === 1 && i % EVERY === 0
    return status === 'open' || (isTwice && isHeldOnce)
  }

  #fulfil(intent: Intent): void {
    const isForgotten = this.#lie === 'forgets what was settled' && intent.attempts === 1
    intent.status = isForgotten ? 'open' : 'fulfilled'
    if (this.#lie === 'leaves what was settled claimed') intent.status = 'claimed'
    if (this.#lie === 'forgets a key at the end') this.#keys.clear()
  }

  #fail(intent: Intent): void {
    intent.runAt = this.#lie === 'fails without a backoff' ? this.nowMs : this.nowMs + 3000
    const isOut = intent.attempts >= intent.maxAttempts && this.#lie !== 'never kills'
    intent.status = isOut ? 'dead' : 'open'
    if (isOut && this.#lie === 'keeps its dead in the open') intent.runAt = Number.MAX_SAFE_INTEGER
  }

  #statusOf({ id, status, runAt }: Intent): object {
    const isHidden = this.#lie === 'keeps its dead in the open' && status === 'dead'
    return { id, status: isHidden ? 'open' : status, run_at: isHidden ? this.nowMs / 1000 : runAt / 1000 }
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
