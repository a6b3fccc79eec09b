import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readsYaml, yamlFile } from '../../ops/test/yaml-file.ts'
import { VARIABLES } from '../../service/config/variables.ts'
import { KEEP_ALIVE_MS } from '../../service/http/app.ts'
import { root } from '../../service/test/support/root.ts'
import { readPage } from '../pages.ts'

const pages = readdirSync(join(root, 'docs/reach'))

/** What the page's `sed` makes of a file, by somebody whose bus is called my.bus.test. */
function made(page: string, file: string): string {
  const command = new RegExp(`^sed (.*) ${file.replaceAll('.', '\\.')}`, 'm').exec(readPage(`reach/${page}`))
  expect(command, `${page} makes nothing of ${file}`).not.toBeNull()
  const edits = command![1]!.replaceAll('/bus.example.com/', '/my.bus.test/').replaceAll('$ID', '1b2c')
  return execFileSync('sh', ['-euc', `sed ${edits} ${file}`], { cwd: root, encoding: 'utf8' })
}

test('the first page leads to all the others', () => {
  const index = readPage('reach/README.md')
  for (const page of pages.filter(name => name !== 'README.md')) expect(index).toContain(`](${page})`)
})

test.each(pages)('reach/%s names only files, settings and figures that there are', page => {
  const text = readPage(`reach/${page}`)
  const files = [...text.matchAll(/(?<![\w/])(ops\/server\/[\w.]+|docker-compose[\w.-]*\.yml)/g)].map(
    ([, path]) => path!,
  )
  expect(files.filter(path => !existsSync(join(root, path)))).toEqual([])
  const known = [...Object.keys(VARIABLES), 'BUS_DOMAIN', 'BUS_HOST', 'BUS_API_KEY']
  const settings = text.match(/BUS_[A-Z_]+/g) ?? []
  expect(settings.filter(name => !known.includes(name))).toEqual([])
  for (const [, seconds] of text.matchAll(/(?:which is after|the bus for|kept its connections) (\d+)/g)) {
    expect(Number(seconds) * 1000).toBe(KEEP_ALIVE_MS)
  }
})

test('the command for nginx puts the name in everywhere', () => {
  const text = made('nginx.md', 'ops/server/nginx.conf').replace(/^#.*\n/, '')
  expect(text).not.toContain('example.com')
  expect(text.match(/my\.bus\.test/g)).toHaveLength(4)
})

test.skipIf(!readsYaml)(
  'the command for a Traefik of one’s own leaves nothing to be filled in (it takes python3-yaml)',
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'reach-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const file = join(dir, 'intent-bus.yml')
    // A default of the file's own is filled in by Traefik.
    writeFileSync(
      file,
      made('traefik.md', 'ops/server/traefik.yml').replace('{{ env "BUS_PORT" | default "8080" }}', '8080'),
    )
    const { http } = yamlFile<{
      http: {
        routers: Record<string, { rule: string }>
        services: Record<string, { loadBalancer: { servers: { url: string }[] } }>
      }
    }>(file)
    expect(http.routers['intent-bus']!.rule).toBe('Host(`my.bus.test`)')
    expect(http.services['intent-bus']!.loadBalancer.servers).toEqual([{ url: 'http://bus:8080' }])
  },
)

test('the command for cloudflared puts the tunnel and the name in', () => {
  const text = made('cloudflare-tunnel.md', 'ops/server/cloudflared.yml')
  expect(text).toContain('tunnel: 1b2c\ncredentials-file: /etc/cloudflared/1b2c.json\n')
  expect(text).toContain('hostname: my.bus.test\n')
})
