/** The broker with its store in a thread of its own or in the HTTP thread: `node placed-bus.ts thread|inline FILE [LOG_PAGES]`. Prints its port. */
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pino } from 'pino'
import { systemClock } from '../clock.ts'
import { composeBus } from '../compose-bus.ts'
import { readConfig } from '../config/config.ts'
import { Aes256Vault } from '../secrets/vault.ts'
import { MASTER_KEY } from '../test/support/bus-process.ts'

const [placement, path = '', logPages] = process.argv.slice(2)
process.env['BUS_SQLITE_WRITER'] = placement
const { openSqliteStore } = await import('../store/sqlite/sqlite-store.ts')
const store = await openSqliteStore({
  path,
  log: { info() {}, warn() {}, error: console.error },
  ...(logPages === undefined ? {} : { logPages: Number(logPages) }),
})

const config = readConfig({ BUS_MIN_FREE_DISK_BYTES: '0' })
const secrets = {
  BUS_SECRET: MASTER_KEY,
  BUS_ADMIN_SECRET: '',
  DASHBOARD_PASSWORD: '',
  BUS_METRICS_TOKEN: '',
}
const { app } = await composeBus({
  config,
  secrets,
  version: 'bench',
  store,
  vault: new Aes256Vault(Buffer.alloc(32)),
  clock: systemClock(),
  logger: pino({ level: 'warn' }),
})
const delay = monitorEventLoopDelay({ resolution: 1 })
app.get('/loop', { config: { access: 'open' } }, (_request, reply) => {
  const p99 = delay.percentile(99) / 1e6
  delay.reset()
  delay.enable()
  return reply.send({ p99 })
})
await app.listen({ host: '127.0.0.1', port: 0 })
console.log((app.server.address() as AddressInfo).port)
