/** The client's types. `tsc` is what fails; the lines run all the same. */

import type { ErrorCode } from '@intent-bus/service/errors'
import { expectTypeOf, test } from 'vitest'
import type { BusErrorCode, Claim, IntentBus, Job } from '../src/index.ts'

test('it knows every error code of the bus', () => {
  expectTypeOf<BusErrorCode>().toEqualTypeOf<ErrorCode>()
})

test('a map of goals gives payloads and results their types', () => {
  interface Goals {
    resize: { payload: { file: string }; result: { width: number } }
    tick: { payload: null }
  }
  const check = (bus: IntentBus<Goals>, anyBus: IntentBus) => {
    void bus.publish('resize', { file: 'cat.png' })
    // @ts-expect-error no such field
    void bus.publish('resize', { fle: 'cat.png' })
    // @ts-expect-error no such goal
    void bus.publish('rezise', { file: 'cat.png' })
    // @ts-expect-error the payload of another goal
    void bus.publishMany([{ goal: 'tick', payload: { file: 'cat.png' } }])
    bus.worker('resize', job => {
      expectTypeOf(job).toEqualTypeOf<Job<{ file: string }, Goals>>()
      return { width: job.payload.file.length }
    })
    // @ts-expect-error another result
    bus.worker('resize', () => ({ height: 1 }))
    expectTypeOf(bus.request('resize', { file: '' })).resolves.toEqualTypeOf<{ width: number }>()
    expectTypeOf(bus.claim({ goal: 'resize' })).resolves.toEqualTypeOf<Claim<{ file: string }> | null>()
    void anyBus.publish('whatever', { any: ['thing'] })
  }
  expectTypeOf(check).toBeFunction()
})
