import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile } from '../support/bus.ts'

// Time is moved by days here; a prune in each minute of them would prove nothing and take long.
const bus = await busForFile({ BUS_CLEANUP_INTERVAL_SECONDS: '86400' })
const { master } = bus
const DAY_MS = 86_400_000

beforeEach(() => bus.admin.post('/admin/purge', { confirm: true }))

const detail = async (id: string) => (await bus.admin.get(`/admin/intents/${id}`)).json
const now = () => bus.clock.now() / 1000

describe('an intent that nobody takes', () => {
  test('lives 24 h from when it is due, and is a dead letter with the reason "expired" then', async () => {
    const id = await master.publish({ payload: { keep: 'me' }, delay: 3 * 86_400 })
    expect((await detail(id)).expires_at).toBe(now() + 4 * 86_400)
    await bus.clock.advance(4 * DAY_MS - 1)
    expect(await master.status(id)).toMatchObject({ status: 'open' })
    await bus.clock.advance(1)
    expect(await master.status(id)).toMatchObject({ status: 'dead', claim_attempts: 0, completed_at: now() })
    expect(await master.claim()).toBeNull()
    expect((await bus.admin.get(`/admin/dead/${id}`)).json).toMatchObject({
      intent_id: id,
      reason: 'expired',
      attempts: 0,
      payload: { keep: 'me' },
      created_at: now(),
    })
  })

  test('can be claimed in its last millisecond', async () => {
    const id = await master.publish()
    await bus.clock.advance(DAY_MS - 1)
    expect(await master.claim()).toMatchObject({ id })
  })

  test('cannot be claimed once expired, even if no timer has noticed yet', async () => {
    const id = await master.publish()
    bus.clock.skip(DAY_MS)
    expect(await master.claim()).toBeNull()
    expect(await master.status(id)).toMatchObject({ status: 'dead', last_error: 'expired' })
  })

  test('has its day from each time it is due: a backoff moves its end along', async () => {
    bus.chance.always = 0
    const id = await master.publish({ backoff_base: 3600 })
    await bus.clock.advance(DAY_MS - 1000)
    await master.fail((await master.claim())!)
    const { run_at, expires_at } = await detail(id)
    expect(expires_at).toBe(run_at + 86_400)
    await bus.clock.advance(7_200_000)
    expect(await master.claim()).toMatchObject({ id, claim_attempts: 2 })
  })
})
