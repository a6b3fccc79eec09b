/** A household's jobs: some done, some waiting, one that always fails. */
import type { Client } from '../../service/test/support/client.ts'

const DONE = [
  ['open-the-gate', 12],
  ['notify', 40],
  ['take-a-photo', 18],
] as const
const WAITING = [
  ['water-the-garden', 3],
  ['print', 2],
] as const

/** @param master with the master key @returns when all that is acknowledged */
export async function workInTheHouse(master: Client): Promise<void> {
  for (const [goal, count] of DONE) {
    for (let i = 0; i < count; i += 1) {
      await master.post('/intent', { goal, namespace: 'home', payload: { n: i } })
      const { id, claim_token } = (await master.post(`/claim?goal=${goal}&namespace=home`)).json as Claimed
      await master.post(`/fulfill/${id}`, { claim_token, result: 'done' })
    }
  }
  for (const [goal, count] of WAITING) {
    for (let i = 0; i < count; i += 1)
      await master.post('/intent', { goal, namespace: 'home', payload: { n: i } })
  }
  await master.post('/claim?goal=print&namespace=home&worker_id=pi-in-the-study')
  for (let i = 0; i < 3; i += 1) {
    await master.post('/intent', { goal: 'scan', namespace: 'home', payload: { page: i }, max_attempts: 1 })
    const { id, claim_token } = (await master.post('/claim?goal=scan&namespace=home')).json as Claimed
    await master.post(`/fail/${id}`, { claim_token, error: 'The scanner does not answer' })
  }
}

type Claimed = { id: string; claim_token: string }
