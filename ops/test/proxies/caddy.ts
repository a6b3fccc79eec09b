import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../../service/test/support/ports.ts'
import { root } from '../../../service/test/support/root.ts'
import { Running } from '../running.ts'
import type { Front } from './front.ts'

/** Caddy makes certificates for `localhost` by itself; for another name it would ask an authority. */
export async function startCaddy(dir: string, busPort: number): Promise<Front> {
  const [port, plainPort] = [await freePort(), await freePort()]
  const env = {
    ...process.env,
    BUS_DOMAIN: `https://localhost:${port}`,
    BUS_PORT: `${busPort}`,
    XDG_DATA_HOME: dir,
    XDG_CONFIG_HOME: dir,
  }
  const caddyfile = join(root, 'ops/server/Caddyfile')
  const adapted = execFileSync('caddy', ['adapt', '--config', caddyfile], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const config = JSON.parse(`${adapted}`)
  config.admin = { disabled: true }
  config.apps.http.http_port = plainPort
  config.apps.pki = { certificate_authorities: { local: { install_trust: false } } }
  const file = join(dir, 'caddy.json')
  writeFileSync(file, JSON.stringify(config))
  const running = new Running('caddy', ['run', '--config', file], env)
  const authority = join(dir, 'caddy/pki/authorities/local/root.crt')
  await running.until(() => existsSync(authority))
  return { port, plainPort, authority, stop: () => running.stop() }
}
