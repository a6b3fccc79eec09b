/** Whole conversations over a bare connection: what was sent, and every answer that came until the bus hung up. */
import type { Socket } from 'node:net'
import { open } from '../support/raw.ts'

export type Spoken = { status: number; headers: Record<string, string>; text: string }

const LAST = 'the-last-of-them'
const GOODBYE = `GET /health/live HTTP/1.1\r\nHost: bus\r\nConnection: close\r\nX-Request-ID: ${LAST}\r\n\r\n`

/**
 * Sends the bytes and, behind them, a harmless request after which the bus is to close: whoever took part of the
 * bytes for a request, or part of that request for a body, answers another number of times.
 *
 * @returns the answers to `bytes`, and whether the harmless request was heard as well
 */
export async function converse(
  port: number,
  bytes: string | Buffer,
): Promise<{ answers: Spoken[]; heardOut: boolean }> {
  const socket = await open(port)
  const received: Buffer[] = []
  socket.on('data', chunk => received.push(chunk))
  const end = closed(socket)
  socket.write(Buffer.concat([Buffer.from(bytes as string, 'latin1'), Buffer.from(GOODBYE)]))
  await end
  const answers = answersIn(Buffer.concat(received).toString('latin1'))
  const heardOut = answers.at(-1)?.headers['x-request-id'] === LAST
  return { answers: heardOut ? answers.slice(0, -1) : answers, heardOut }
}

/** Resolves when it is closed, whichever way it went. */
export function closed(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    socket.once('close', () => resolve())
  })
}

/** @throws when there is anything but whole answers */
export function answersIn(text: string): Spoken[] {
  const answers: Spoken[] = []
  let rest = text
  while (rest !== '') {
    const blank = rest.indexOf('\r\n\r\n')
    const [start = '', ...lines] = rest.slice(0, blank).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1])
    if (blank === -1 || Number.isNaN(status)) throw new Error(`no answer: ${rest.slice(0, 200)}`)
    const headers = Object.fromEntries(
      lines.map(line => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    )
    const body = blank + 4
    const length = Number(headers['content-length'] ?? 0)
    answers.push({ status, headers, text: rest.slice(body, body + length) })
    rest = rest.slice(body + length)
  }
  return answers
}
