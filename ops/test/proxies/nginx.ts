import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answers, freePort } from '../../../service/test/support/ports.ts'
import { Running } from '../running.ts'
import { certificate, configOf, type Front, replaced } from './front.ts'

const LETSENCRYPT = '/etc/letsencrypt/live/bus.example.com'

/** The file as it is, with other ports, another certificate and another name, within what Debian's nginx.conf says. */
export async function startNginx(dir: string, busPort: number): Promise<Front> {
  const [port, plainPort] = [await freePort(), await freePort()]
  const { cert, key } = certificate(dir)
  const site = replaced(configOf('ops/server/nginx.conf'), [
    ['listen 80;', `listen ${plainPort};`],
    ['listen [::]:80;', ''],
    ['listen 443 ssl;', `listen ${port} ssl;`],
    ['listen [::]:443 ssl;', ''],
    [`${LETSENCRYPT}/fullchain.pem`, cert],
    [`${LETSENCRYPT}/privkey.pem`, key],
    ['bus.example.com', 'localhost'],
    ['/var/www/html', join(dir, 'html')],
    ['127.0.0.1:8080', `127.0.0.1:${busPort}`],
  ])
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    name => `${name}_temp_path ${join(dir, name)};`,
  )
  mkdirSync(join(dir, 'html/.well-known/acme-challenge'), { recursive: true })
  writeFileSync(join(dir, 'html/.well-known/acme-challenge/token'), 'token.thumbprint')
  const file = join(dir, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${join(dir, 'nginx.pid')};
error_log stderr;
events { worker_connections 768; }
http { access_log off; ${places.join(' ')} ${site} }
`,
  )
  const running = new Running('nginx', ['-e', 'stderr', '-c', file, '-p', dir])
  await running.until(async () => (await answers(plainPort, '/')) === 308)
  return { port, plainPort, authority: cert, stop: () => running.stop() }
}
