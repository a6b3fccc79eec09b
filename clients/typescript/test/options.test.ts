/** What has no meaning is refused before anything is sent. */
import { expect, test } from 'vitest'
import { IntentBus, IntentBusError, type PublishOptions } from '../src/index.ts'

const sent: string[] = []
const recording: typeof fetch = async url => {
  sent.push(String(url))
  return new Response('{"intents":[],"items":[]}', { headers: { 'x-intent-version': '7.61' } })
}
const bus = new IntentBus({ url: 'http://x', key: 'k', adminToken: 't', fetch: recording })
const lease = { id: 'x', claimToken: 'y' }
const never = () => undefined

const refused: [what: string, call: () => unknown, message: string][] = [
  [
    'a goal from an empty variable',
    () => bus.publish('', 1),
    'goal takes a text that is not empty; it got an empty one.',
  ],
  [
    'a delay with a unit',
    () => bus.publish('x', 1, { delay: '1h' as never }),
    'delay takes a number of seconds from 0; it got "1h".',
  ],
  [
    'a priority in words',
    () => bus.publish('x', 1, { priority: 'high' as never }),
    'priority takes a number from 0 to 1000; it got "high".',
  ],
  ['a priority out of range', () => bus.publish('x', 1, { priority: 1001 }), 'it got 1001.'],
  ['no number', () => bus.publish('x', 1, { delay: Number.NaN }), 'it got NaN.'],
  [
    'an option that is misspelt',
    () => bus.publish('x', 1, { maxAttempt: 5 } as PublishOptions),
    'maxAttempt is not an option; there are namespace, visibility,',
  ],
  [
    'a visibility with a capital',
    () => bus.publish('x', 1, { visibility: 'Public' as never }),
    'visibility takes private or public; it got "Public".',
  ],
  ['no worker', () => bus.publish('x', 1, { targetWorker: '' }), 'targetWorker takes a text'],
  [
    'no capability',
    () => bus.publish('x', 1, { requiredCapability: ' ' }),
    'requiredCapability takes a text',
  ],
  [
    'an empty idempotency key',
    () => bus.publish('x', 1, { idempotencyKey: '' }),
    'idempotencyKey takes a text',
  ],
  [
    'one of many',
    () =>
      bus.publishMany([
        { goal: 'x', payload: 1 },
        { goal: '', payload: 1 },
      ]),
    'intents[1]: goal takes a text',
  ],
  [
    'an option of one of many',
    () => bus.publishMany([{ goal: 'x', payload: 1, delay: '1h' as never }]),
    'intents[0]: delay takes',
  ],
  ['any goal by mistake', () => bus.claim({ goal: '' }), 'goal takes a text'],
  ['a namespace from an empty variable', () => bus.claimMany({ namespace: '' }), 'namespace takes a text'],
  [
    'one name in place of a list',
    () => bus.claim({ capabilities: 'gpu' as never }),
    'capabilities takes a list of names; it got "gpu".',
  ],
  [
    'an empty capability',
    () => bus.claim({ capabilities: ['gpu', ''] }),
    'capabilities takes a list of names',
  ],
  [
    'a long poll beyond what there is',
    () => bus.claim({ wait: 61 }),
    'wait takes a number of seconds from 0 to 60; it got 61.',
  ],
  [
    'an extension with a unit',
    () => bus.extend(lease, '1m' as never),
    'seconds takes a number of seconds from 10 to 3600',
  ],
  [
    'a lifetime beyond a day',
    () => bus.set('k', 1, { ttl: 86_401 }),
    'ttl takes a number of seconds from 1 to 86400',
  ],
  ['a value without a name', () => bus.get(''), 'key takes a text'],
  [
    'a wait in words',
    () => bus.result('x', { wait: 'long' as never }),
    'wait takes a number of seconds from 0; it got "long".',
  ],
  ['a key of nobody', () => bus.admin.generateKey(''), 'owner takes a text'],
  ['to purge an empty namespace', () => bus.admin.purge(''), 'namespace takes a text'],
  [
    'the dead letters of an empty goal',
    () => bus.admin.deadLetters({ goal: '' }).next(),
    'goal takes a text',
  ],
  [
    'the intents of an empty namespace',
    () => bus.admin.intents({ namespace: '' }).next(),
    'namespace takes a text',
  ],
  ['a worker of any goal by mistake', () => bus.worker('', never), 'goal takes a text'],
  [
    'a worker with a misspelt option',
    () => bus.worker('x', never, { concurency: 4 } as never),
    'concurency is not an option',
  ],
  ['a worker without a name', () => bus.worker('x', never, { workerId: '' }), 'workerId takes a text'],
]

test.each(refused)('%s is refused before it is sent', async (_what, call, message) => {
  const error = await (async () => call())().catch(caught => caught)
  expect(error).toBeInstanceOf(IntentBusError)
  expect(error).toMatchObject({ code: 'invalid_request', message: expect.stringContaining(message) })
  expect(sent).toEqual([])
})

test('what is left out, undefined, null, or a number with a text of its own is no mistake', async () => {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): never }
  await bus.publish('x', '', { namespace: undefined, targetWorker: null as never, delay: rawJSON('1.0') })
  await bus.publishMany([{ goal: 'x', payload: null, priority: 0, delay: 0.5 }])
  await bus.claimMany({ capabilities: [] })
  expect(sent.splice(0)).toHaveLength(3)
})
