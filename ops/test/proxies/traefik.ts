import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answers, freePort } from '../../../service/test/support/ports.ts'
import { Running } from '../running.ts'
import { yamlFile } from '../yaml-file.ts'
import { certificate, configOf, type Front, replaced } from './front.ts'

type Compose = { services: { traefik: { command: string[] } } }

/**
 * Debian has no Traefik, and `go install` refuses its module for the replacements in it. In a copy of the module's
 * source, with a file in `webui/static`, `CGO_ENABLED=0 go build ./cmd/traefik` makes one.
 *
 * The flags of the compose file and the file for the file provider, with other ports and a certificate of its own.
 */
export async function startTraefik(dir: string, busPort: number): Promise<Front> {
  const [port, plainPort, ping] = [await freePort(), await freePort(), await freePort()]
  const { cert, key } = certificate(dir)
  const file = join(dir, 'traefik.yml')
  // Nobody is asked for a certificate: there is one for all names.
  const routes = replaced(configOf('ops/server/traefik.yml'), [
    ['      tls:\n        certResolver: letsencrypt\n', '      tls: {}\n'],
  ])
  const store = { stores: { default: { defaultCertificate: { certFile: cert, keyFile: key } } } }
  writeFileSync(file, `${routes}tls: ${JSON.stringify(store)}\n`)
  const { command } = yamlFile<Compose>('docker-compose.traefik.yml').services.traefik
  const flags = replaced(command.join('\n'), [
    ['/config/traefik.yml', file],
    ['web.address=:80', `web.address=:${plainPort}`],
    ['redirections.entryPoint.to=websecure', `redirections.entryPoint.to=:${port}`],
    ['websecure.address=:443', `websecure.address=:${port}`],
    ['/acme/acme.json', join(dir, 'acme.json')],
    ['127.0.0.1:8082', `127.0.0.1:${ping}`],
  ])
  const env = { BUS_DOMAIN: 'localhost', BUS_PORT: `${busPort}` }
  const running = new Running('traefik', flags.split('\n'), env)
  await running.until(async () => (await answers(ping, '/ping')) === 200)
  return { port, plainPort, authority: cert, stop: () => running.stop() }
}
