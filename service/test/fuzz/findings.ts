/** What was found, and the requests that show it, kept so that they can be sent again. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Call } from './document.ts'
import type { Sent } from './send.ts'

export type Asked = { sent: Sent; call: Call; kind: string }

export type Finding = { what: string; file: string | null }

/** One fault found a thousand times is one finding. */
const MOST_KEPT = 100

type Kept = Omit<Sent, 'body'> & { path: string; kind: string; body: string | null }

export class Findings {
  readonly all: Finding[] = []
  readonly #folder: string
  count = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @param asked what was under way; may be none */
  add(what: string, asked: readonly Asked[]): Finding | null {
    this.count += 1
    if (this.all.length === MOST_KEPT) return null
    const finding = { what, file: asked.length === 0 ? null : this.#kept(what, asked) }
    this.all.push(finding)
    return finding
  }

  #kept(what: string, asked: readonly Asked[]): string {
    mkdirSync(this.#folder, { recursive: true })
    const file = join(this.#folder, `${asked[0]!.sent.id}.json`)
    const requests = asked.map(
      ({ sent, call, kind }): Kept => ({
        ...sent,
        path: call.path,
        kind,
        body: sent.body?.toString('base64') ?? null,
      }),
    )
    writeFileSync(file, JSON.stringify({ what, requests }, null, 1))
    return file
  }
}

/** @returns the requests of a finding @throws when the file is none, or a call is no longer in the document */
export function readFinding(file: string, calls: readonly Call[]): Asked[] {
  const { requests } = JSON.parse(readFileSync(file, 'utf8')) as { requests: Kept[] }
  return requests.map(({ path, kind, body, ...sent }) => {
    const call = calls.find(each => each.path === path && each.method === sent.method)
    if (call === undefined) throw new Error(`${sent.method} ${path} is not in the document of the bus`)
    return { sent: { ...sent, body: body === null ? null : Buffer.from(body, 'base64') }, call, kind }
  })
}
