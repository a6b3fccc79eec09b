import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Connections } from '../../http/limits/connections.ts'

/** As much of a socket as is asked here: a test on one machine has few addresses. */
class OpenSocket extends EventEmitter {
  destroyed = false
  _httpMessage: object | null = null
  readonly _handle = { bytesRead: 0, bytesWritten: 0, writeQueueSize: 0 }
  readonly remoteAddress: string
  constructor(remoteAddress: string) {
    super()
    this.remoteAddress = remoteAddress
  }
  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

/** A request that has come, and is being worked on; one that is still coming; an answer that is still to be read. */
const BUSY = { writableEnded: false, req: { complete: true } }
const sending = () => ({ writableEnded: false, req: { complete: false } })
const reading = () => ({ writableEnded: true, req: { complete: true } })

function house(limits: { most: number; mostPerAddress: number | null }, waiting = 0) {
  const server = new EventEmitter()
  const counted = { refused: { total: 0, address: 0 }, displaced: { idle: 0, slow: 0, waiting: 0 } }
  const lines: string[] = []
  let now = 0
  let polls = waiting
  const connections = new Connections(
    limits,
    {
      sendOneAway() {
        polls -= 1
        return polls >= 0
      },
    },
    {
      connectionRefused: by => {
        counted.refused[by] += 1
      },
      connectionDisplaced: what => {
        counted.displaced[what] += 1
      },
    },
    line => lines.push(line),
    () => now,
  )
  connections.watch(server as unknown as Parameters<Connections['watch']>[0])
  return {
    connections,
    counted,
    lines,
    pass: (ms: number) => {
      now += ms
    },
    connect(address: string, answering = false): OpenSocket {
      const socket = new OpenSocket(address)
      if (answering) socket._httpMessage = BUSY
      server.emit('connection', socket as unknown as Socket)
      return socket
    },
  }
}

test('an address at its limit loses its own longest idle connection, and nobody else loses one', () => {
  const { connect, counted, pass } = house({ most: 10, mostPerAddress: 2 })
  const other = connect('198.51.100.1')
  const [first, second] = [connect('192.0.2.7'), connect('192.0.2.7')]
  pass(1000)
  const third = connect('192.0.2.7')
  expect([other, first, second, third].map(socket => socket.destroyed)).toEqual([false, true, false, false])
  expect(counted).toEqual({ refused: { total: 0, address: 0 }, displaced: { idle: 1, slow: 0, waiting: 0 } })
})

test('a connection that was opened or answered within the last second is left alone', () => {
  const { connect, connections, counted, pass } = house({ most: 2, mostPerAddress: null })
  const [first, second] = [connect('192.0.2.1'), connect('192.0.2.2')]
  expect(connect('192.0.2.3').destroyed).toBe(true)
  pass(900)
  connections.answered(first as unknown as Socket)
  pass(100)
  const next = connect('192.0.2.3')
  expect([first, second, next].map(socket => socket.destroyed)).toEqual([false, true, false])
  expect(counted).toEqual({ refused: { total: 1, address: 0 }, displaced: { idle: 1, slow: 0, waiting: 0 } })
})

test('an address whose connections are all in use is refused, and others are served', () => {
  const { connect, counted, lines } = house({ most: 10, mostPerAddress: 2 })
  for (let i = 0; i < 2; i += 1) connect('192.0.2.7', true)
  for (let i = 0; i < 5; i += 1) expect(connect('192.0.2.7').destroyed).toBe(true)
  expect(connect('198.51.100.1').destroyed).toBe(false)
  expect(counted.refused).toEqual({ total: 0, address: 5 })
  expect(lines).toEqual([
    'refused 1 connections of an address that has 2 in use (BUS_MAX_CONNECTIONS_PER_ADDRESS)',
  ])
})

test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('%s has no limit of its own', address => {
  const { connect, connections } = house({ most: 10, mostPerAddress: 2 })
  for (let i = 0; i < 10; i += 1) connect(address, true)
  expect(connections.size).toBe(10)
})

test('behind a proxy an address has no limit of its own', () => {
  const { connect, connections } = house({ most: 10, mostPerAddress: null })
  for (let i = 0; i < 10; i += 1) connect('172.17.0.1', true)
  expect(connections.size).toBe(10)
})

test('waiting requests are answered early in a burst of 64, then 8 a second', () => {
  const { connect, counted, pass } = house({ most: 1, mostPerAddress: null }, 1000)
  connect('192.0.2.1', true)
  const all = (count: number) => {
    for (let i = 0; i < count; i += 1) connect(`192.0.2.${i}`, true)
  }
  all(100)
  expect(counted).toEqual({
    refused: { total: 36, address: 0 },
    displaced: { idle: 0, slow: 0, waiting: 64 },
  })
  pass(1000)
  all(100)
  expect(counted.displaced.waiting).toBe(72)
})

test('refused connections are logged at most once a minute, with their number', () => {
  const { connect, lines, pass } = house({ most: 1, mostPerAddress: null })
  connect('192.0.2.1', true)
  for (let minute = 0; minute < 3; minute += 1) {
    for (let i = 0; i < 10; i += 1) connect('192.0.2.2')
    pass(60_000)
  }
  expect(lines).toEqual(
    [1, 10, 10].map(count => `refused ${count} connections: 1 are open, all in use (BUS_MAX_CONNECTIONS)`),
  )
})

test('a connection that is closed leaves its place', () => {
  const { connect, connections } = house({ most: 2, mostPerAddress: 1 })
  for (let i = 0; i < 5; i += 1) connect('192.0.2.7', true).destroy()
  expect(connections.size).toBe(0)
  expect(connect('192.0.2.7').destroyed).toBe(false)
})

test.each([
  ['does not send its body', sending],
  ['does not read its answer', reading],
])(
  'a client that %s for 5 s makes room, and one that is only waited for by its client does not',
  (_what, state) => {
    const { connect, counted, pass } = house({ most: 2, mostPerAddress: null })
    const busy = connect('192.0.2.1', true)
    const slow = connect('192.0.2.2')
    slow._httpMessage = state()
    expect(connect('192.0.2.3').destroyed).toBe(true)
    pass(4999)
    expect(connect('192.0.2.3').destroyed).toBe(true)
    pass(1)
    expect(connect('192.0.2.3', true).destroyed).toBe(false)
    expect([busy.destroyed, slow.destroyed]).toEqual([false, true])
    expect(counted.displaced).toEqual({ idle: 0, slow: 1, waiting: 0 })
  },
)

test('of slow clients the slowest goes first, by what the kernel has taken and not by what is written', () => {
  const { connect, pass } = house({ most: 3, mostPerAddress: null })
  const [quick, slow, queued] = [connect('192.0.2.1'), connect('192.0.2.2'), connect('192.0.2.3')]
  for (const socket of [quick, slow, queued]) socket._httpMessage = reading()
  connect('192.0.2.4')
  pass(5000)
  quick._handle.bytesWritten = 90_000
  slow._handle.bytesRead = 1000
  Object.assign(queued._handle, { bytesWritten: 200_000, writeQueueSize: 199_500 })
  const gone = () => [quick, slow, queued].map(socket => socket.destroyed)
  connect('192.0.2.5', true)
  expect(gone()).toEqual([false, false, true])
  connect('192.0.2.6', true)
  expect(gone()).toEqual([false, true, true])
})

test('the next request on a connection has its own 5 s', () => {
  const { connect, connections, pass } = house({ most: 1, mostPerAddress: null })
  const socket = connect('192.0.2.1')
  socket._httpMessage = sending()
  connect('192.0.2.2')
  pass(4000)
  connections.answered(socket as unknown as Socket)
  socket._httpMessage = sending()
  expect(connect('192.0.2.2').destroyed).toBe(true)
  pass(4000)
  expect(connect('192.0.2.2').destroyed).toBe(true)
  pass(1000)
  expect(connect('192.0.2.2').destroyed).toBe(false)
})

test('the addresses of one IPv6 network have the limit together', () => {
  const { connect, counted } = house({ most: 10, mostPerAddress: 2 })
  for (const host of ['1', '2']) connect(`2001:db8:1:2::${host}`, true)
  expect(connect('2001:db8:1:2:ffff::3').destroyed).toBe(true)
  expect(connect('2001:db8:1:3::1').destroyed).toBe(false)
  expect(counted.refused).toEqual({ total: 0, address: 1 })
})

test('at the end of a stop only those are closed that keep the bus waiting', () => {
  const { connect, connections } = house({ most: 10, mostPerAddress: null })
  const sockets = [connect('192.0.2.1', true), connect('192.0.2.2'), connect('192.0.2.3')]
  sockets[1]!._httpMessage = sending()
  sockets[2]!._httpMessage = reading()
  connections.closeSlow()
  expect(sockets.map(socket => socket.destroyed)).toEqual([false, true, true])
})
