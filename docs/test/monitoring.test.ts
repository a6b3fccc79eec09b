import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../service/test/support/root.ts'
import { readPage } from '../pages.ts'

const page = readPage('monitoring.md')

test('the files that docs/monitoring.md names are there', () => {
  const named = [...page.matchAll(/(?<![\w/])((?:grafana|ops)\/[\w./-]*\w)/g)].map(([, path]) => path!)
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter(path => !existsSync(join(root, path)))).toEqual([])
})

test('what it has one change in them stands there', () => {
  const changes = [
    ...page.matchAll(/`([^`]+)`(?: in the receiver `ntfy`, and `[^`]+`)? in place of `([^`]+)`/g),
  ]
  const files = ['ops/prometheus/prometheus.yml', 'ops/alertmanager/alertmanager.yml'].map(path =>
    readFileSync(join(root, path), 'utf8'),
  )
  for (const before of ['targets: []', 'receiver: nobody']) {
    expect(changes.map(([, , from]) => from)).toContain(before)
    expect(files.some(text => text.includes(before))).toBe(true)
  }
})

test('its first commands make Prometheus look at the bus of this machine, with the token from the secrets', () => {
  const [, edit] = /^sed '([^']+)' ops\/prometheus\/prometheus.yml/m.exec(page)!
  const made = execFileSync('sed', [edit!, join(root, 'ops/prometheus/prometheus.yml')], { encoding: 'utf8' })
  expect(made).toContain('targets: ["localhost:8080"]')
  const [, token] = /sed -n '([^']+)' \/var\/lib\/intent-bus\/secrets.env/.exec(page)!
  const read = execFileSync('sed', ['-n', token!], {
    encoding: 'utf8',
    input: 'A=1\nBUS_METRICS_TOKEN=abc\n',
  })
  expect(read).toBe('abc\n')
})
