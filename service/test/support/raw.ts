import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Answer } from './client.ts'

/** A bare connection, for what no HTTP library would send. */
export async function open(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect(port, host)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Sends these bytes and reads until the bus closes, or until the first answer is whole. */
export async function rawCall(port: number, bytes: string | Buffer, host?: string): Promise<Answer> {
  const socket = await open(port, host)
  socket.write(bytes)
  return answerOn(socket)
}

export function answerOn(socket: Socket): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const look = (ended: boolean) => {
      const answer = parse(received.toString('latin1'), ended)
      if (answer === null && !ended) return
      socket.removeAllListeners('data')
      socket.destroy()
      if (answer === null) reject(new Error(`closed after ${received.length} bytes without a whole answer`))
      else resolve(answer)
    }
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      look(false)
    })
    socket.on('close', () => look(true))
  })
}

function parse(text: string, ended: boolean): Answer | null {
  const blank = text.indexOf('\r\n\r\n')
  if (blank === -1) return null
  const [start = '', ...lines] = text.slice(0, blank).split('\r\n')
  const headers = new Headers()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const status = Number(start.split(' ')[1])
  const length = Number(headers.get('content-length') ?? 0)
  const body = text.slice(blank + 4)
  if (body.length < length && !ended) return null
  const decoded = Buffer.from(body.slice(0, length), 'latin1').toString('utf8')
  return { status, headers, text: decoded, json: decoded.startsWith('{') ? JSON.parse(decoded) : undefined }
}
