/** A bus to which everything happens that it has a number for. */
import { onTestFinished } from 'vitest'
import { BusProcess } from '../../service/test/support/bus-process.ts'
import { Client } from '../../service/test/support/client.ts'

const MASTER = 'master-key-of-the-dashboards-0123456789ab'
const ADMIN = 'admin-secret-of-the-dashboards-0123456789'
export const METRICS_TOKEN = 'metrics-token-of-the-dashboards-012345678'

/** With these everything happens within seconds: the shortest lease there is, and a key that is soon refused. */
export const LIVELY = { BUS_LEASE_SECONDS: '10', BUS_RATE_LIMIT: '1' }

export async function livelyBus(folder: string): Promise<{ address: string; live: () => Promise<void> }> {
  const bus = new BusProcess(folder, {
    PORT: '0',
    BUS_SECRET: MASTER,
    BUS_ADMIN_SECRET: ADMIN,
    BUS_METRICS_TOKEN: METRICS_TOKEN,
    ...LIVELY,
  })
  onTestFinished(() => bus.kill())
  const address = `127.0.0.1:${await bus.ready()}`
  return { address, live: await lifeOf(`http://${address}`, MASTER, ADMIN) }
}

/** @returns one round of life, for a bus that is set as {@link LIVELY} says. Its long polls end with the bus. */
export async function lifeOf(url: string, key: string, adminToken: string): Promise<() => Promise<void>> {
  const master = new Client(url, { 'x-api-key': key })
  const admin = new Client(url, { 'x-admin-token': adminToken })
  const nobody = new Client(url, {})
  const issued = (await admin.post('/admin/generate_key', { owner: 'phone' })).json.api_key
  const phone = new Client(url, { 'x-api-key': issued })

  return async () => {
    for (const namespace of ['default', 'photos']) {
      const take = async (fields = {}) => {
        await master.publish({ namespace, priority: 900, ...fields })
        return (await master.claim(`?namespace=${namespace}`))!
      }
      await master.fulfil(await take())
      await master.fail(await take({ backoff_base: 3600 }))
      await master.fail(await take({ max_attempts: 1 }))
      // Its lease runs out.
      await take()
      await master.publish({ namespace })
    }
    await admin.post(`/admin/intents/${await master.publish()}/cancel`)
    await master.claim('?namespace=nothing-here')
    void master.post('/claim?namespace=quiet&wait=60').catch(() => undefined)
    await master.get(`/status/${'0'.repeat(32)}`)
    await nobody.get('/get/x')
    await nobody.get('/admin/dead')
    await phone.get('/get/x')
    await phone.get('/get/x')
    const now = Math.floor(Date.now() / 1000)
    await master.signed('GET', '/get/x', '', { timestamp: now })
    await master.signed('GET', '/get/x', '', { timestamp: now - 1000 })
  }
}
