/** Something where Grafana would be, whose image cannot be pulled everywhere: it says that it is well, and no more. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../../../ops/test/docker/engine.ts'
import { root } from '../../../service/test/support/root.ts'

/** The image that the compose file names. */
function imageOf(name: string): string {
  const composed = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
  const image = composed.match(new RegExp(`^ *image: (${name}:\\S+)$`, 'm'))?.[1]
  if (image === undefined) throw new Error(`docker-compose.yml has no image ${name}`)
  return image
}

/** Under the name of Grafana's image, from the stand-in for that of Prometheus, which has a busybox. */
export async function grafanaPlaceholder(engine: Engine): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bus-grafana-'))
  const dockerfile = [
    `FROM ${imageOf('prom/prometheus')}`,
    'USER 0',
    'RUN ["/bin/busybox", "mkdir", "-p", "/www/api", "/etc/grafana", "/var/lib/grafana"]',
    'RUN ["/bin/busybox", "touch", "/www/api/health"]',
    'RUN ["/bin/busybox", "chown", "472", "/var/lib/grafana"]',
    'USER 472',
    'ENTRYPOINT []',
    'CMD ["/bin/busybox", "httpd", "-f", "-p", "3000", "-h", "/www"]',
  ]
  writeFileSync(join(folder, 'Dockerfile'), dockerfile.join('\n'))
  try {
    await engine.must('build', '--network', 'none', folder, '--tag', imageOf('grafana/grafana'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
