import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { madeFiles, pathOf } from '../src/made-files.ts'

test.each([...madeFiles()])('%s is as its source has it (else: npm run grafana)', (path, made) => {
  expect(readFileSync(pathOf(path), 'utf8')).toBe(made)
})

test('nothing else lies where Grafana and Prometheus look for files', () => {
  const folders = ['grafana/dashboards', 'grafana/provisioning', 'grafana/examples', 'ops/prometheus/rules']
  const found = folders.flatMap(folder =>
    readdirSync(pathOf(folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && !entry.parentPath.endsWith('rules/test'))
      .map(entry => `${entry.parentPath}/${entry.name}`.replace(pathOf(''), '')),
  )
  const made = [...madeFiles().keys()].filter(path => path !== 'docs/monitoring.md')
  expect(found.sort()).toEqual(made.sort())
})
