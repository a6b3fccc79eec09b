import { expect, test } from 'vitest'
import { busForTest } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

test('numbers as goal, namespace and target_worker are taken as the text that was sent', async () => {
  const { master } = await busForTest()
  const body = '{"goal": 1.0, "namespace": 2031, "target_worker": 12345678901234567890, "payload": 1}'
  const { id } = (await master.post('/intent', body)).json
  expect(await master.status(id)).toMatchObject({
    goal: '1.0',
    namespace: '2031',
    target_worker: '12345678901234567890',
  })
  const claim = await master.claim('?goal=1.0&namespace=2031&worker_id=12345678901234567890')
  expect(claim).toMatchObject({ id, goal: '1.0', namespace: '2031' })
})

test('so they are in the items of a batch', async () => {
  const { master } = await busForTest()
  const batch = '{"intents": [{"payload": 1, "goal": 7}, {"payload": 1, "goal": "b", "namespace": 0}]}'
  const { intents } = (await master.post('/intents', batch)).json
  expect(intents).toMatchObject([{ namespace: 'default' }, { namespace: '0' }])
  expect(await master.claim('?goal=7')).toMatchObject({ id: intents[0].id })
})

test('a number whose text does not fit is refused by name, and so is what is neither text nor number', async () => {
  const { master } = await busForTest()
  for (const [field, value, code] of [
    ['namespace', '1e+30', 'invalid_namespace'],
    ['goal', 'true', 'invalid_goal'],
    ['goal', '[1]', 'invalid_goal'],
    ['namespace', 'false', 'invalid_namespace'],
    ['target_worker', '{}', 'invalid_target_worker'],
  ]) {
    const body = `{"payload": 1, "goal": "g", "${field}": ${value}}`.replace('"goal": "g", "goal"', '"goal"')
    const refused = refusal(await master.post('/intent', body))
    expect(refused).toMatchObject({ status: 400, code })
    expect(refused.message).toMatch(new RegExp(`^${field} takes `))
  }
})

test('an owner may be a number, and is anonymous when left out or null', async () => {
  const { admin } = await busForTest()
  for (const [body, owner] of [
    ['{"owner": 17}', '17'],
    ['{}', 'anonymous'],
    ['', 'anonymous'],
    ['{"owner": null}', 'anonymous'],
  ]) {
    const answer = await admin.post('/admin/generate_key', body)
    expect([answer.status, answer.json.owner]).toEqual([201, owner])
  }
  expect(refusal(await admin.post('/admin/generate_key', { owner: '' })).status).toBe(400)
})
