import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { busForFile } from '../support/bus.ts'

const bus = await busForFile()
const { json: document } = await bus.nobody.get('/openapi.json')
const ajv = new Ajv2020({ strict: false })
ajv.addSchema({ ...document, $id: 'document' })

const bodyTaken = (name: string) => ajv.compile({ $ref: `document#/components/schemas/${name}` })
const queryTaken = (name: string) => {
  const at = document.paths['/claim'].post.parameters.findIndex(
    (each: { name?: string }) => each.name === name,
  )
  return ajv.compile({ $ref: `document#/paths/~1claim/post/parameters/${at}/schema` })
}

function isTaken(status: number): boolean {
  if (status >= 300 && status !== 400) throw new Error(`neither taken nor refused for what it is: ${status}`)
  return status < 300
}

const WORK = { goal: 'work', payload: 1 }
const long = (chars: number) => 'x'.repeat(chars)

describe('the document takes what the bus takes, and refuses what it refuses', () => {
  test.each([
    [{ ...WORK, priority: 5000 }],
    [{ ...WORK, priority: '7' }],
    [{ ...WORK, priority: 3.9 }],
    [{ ...WORK, priority: 'abc' }],
    [{ ...WORK, priority: [] }],
    [{ ...WORK, delay: -1 }],
    [{ ...WORK, backoff_base: null }],
    [{ ...WORK, visibility: 'everyone' }],
    [{ ...WORK, namespace: null }],
    [{ ...WORK, namespace: '' }],
    [{ ...WORK, namespace: 'a b' }],
    [{ ...WORK, target_worker: null }],
    [{ ...WORK, target_worker: '' }],
    [{ ...WORK, target_worker: ' pi ' }],
    [{ ...WORK, target_worker: long(100) }],
    [{ ...WORK, target_worker: `${long(64)} and more` }],
    [{ ...WORK, target_worker: `${long(63)} and more` }],
    [{ ...WORK, target_worker: 7 }],
    [{ ...WORK, unknown: true }],
    [{ ...WORK, payload: null }],
    [{ payload: 1 }],
    [{ goal: 'work' }],
    [{ goal: null, payload: 1 }],
    [{ goal: '   ', payload: 1 }],
    [{ goal: ' \n work at home ', payload: 1 }],
    [{ goal: '\u{1f40c}'.repeat(256), payload: 1 }],
    [{ goal: long(257), payload: 1 }],
    [{ goal: 'a\0b', payload: 1 }],
  ])('POST /intent with %j', async body => {
    const { status } = await bus.master.post('/intent', body)
    expect(bodyTaken('PublishBody')(body)).toBe(isTaken(status))
  })

  test.each([
    [{ result: null }],
    [{ result: 5 }],
    [{ result: 5, result_type: 'text' }],
    [{ result: 'five', result_type: 'text' }],
    [{ result: null, result_type: 'text' }],
    [{ result: 'a\0b', result_type: 'text' }],
    [{ result_type: null }],
    [{ result_type: 'html' }],
    [{ claim_token: null }],
    [{ claim_token: '' }],
    [{ claim_token: 5 }],
  ])('POST /fulfill with %j', async fields => {
    const claim = await bus.master.claimed({ namespace: 'held' })
    const body = { claim_token: claim.claim_token, ...fields }
    const { status } = await bus.master.fulfil(claim, fields)
    await bus.master.fulfil(claim)
    expect(bodyTaken('FulfillBody')(body)).toBe(isTaken(status))
  })

  test.each([
    [{ progress: 0 }],
    [{ progress: 100.5 }],
    [{ progress: '50' }],
    [{ progress: null }],
    [{ progress: 1, seconds: 9 }],
    [{ progress: 1, seconds: null, message: null }],
    [{ progress: 1, message: long(501) }],
  ])('POST /progress with %j', async fields => {
    const claim = await bus.master.claimed({ namespace: 'held' })
    const body = { claim_token: claim.claim_token, ...fields }
    const { status } = await bus.master.post(`/progress/${claim.id}`, body)
    await bus.master.fulfil(claim)
    expect(bodyTaken('ProgressBody')(body)).toBe(isTaken(status))
  })

  test.each([[{ value: null }], [{}], [{ value: '' }], [{ value: 'a\0b' }], [{ value: [null], ttl: 1e9 }]])(
    'POST /set with %j',
    async body => {
      const { status } = await bus.master.post('/set/key', body)
      expect(bodyTaken('SetBody')(body)).toBe(isTaken(status))
    },
  )

  test.each([
    ['namespace', ''],
    ['namespace', 'a b'],
    ['goal', ' '],
    ['goal', long(257)],
    ['worker_id', ' pi '],
    ['worker_id', 'p i'],
    ['worker_id', long(100)],
    ['capabilities', 'gpu, camera,'],
    ['capabilities', ' , ,gpu ,, '],
    ['capabilities', 'gpu camera'],
    ['capabilities', 'gpu;camera'],
    ['publisher', ''],
  ])('POST /claim with %s=%j', async (name, value) => {
    const { status } = await bus.master.post(`/claim?${name}=${encodeURIComponent(value)}`)
    expect(queryTaken(name)(value)).toBe(isTaken(status))
  })
})
