import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../../service/test/support/root.ts'
import { versionOf, versionPlaces, versionsWritten, writeVersion } from '../../release/version-places.ts'

/** `intent-bus:1.2.3`, `Intent Bus 1.2.3`, `intent-bus.git#v1.2.3`, `VERSION=1.2.3` and the like. */
const OWN_VERSION =
  /\bintent[- ]bus(?:-client)?(?:\.git)?[-:#@ ]v?\d+\.\d+\.\d+|\bVERSION(?: = |=)"?\d+\.\d+\.\d+/i

/** They show what a version printed once, or a version that a test made up. */
const SAMPLES = [
  /^CHANGELOG\.md$/,
  /^docs\/operations\//,
  /^ops\/stress\/results\//,
  /\/test\//,
  /^ops\/release\//,
]

test('every place that has the version has that of the root', () => {
  const wrong = versionsWritten(root).filter(({ version }) => version !== versionOf(root))
  expect(wrong).toEqual([])
})

test('the version stands in no other file', () => {
  const places = versionPlaces(root)
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0')
  const asked = files.filter(file =>
    /\.(md|ts|js|json|ya?ml|hcl|sh|toml|example|service)$|^Dockerfile$/.test(file),
  )
  const naming = asked.filter(
    file =>
      !places.includes(file) &&
      !SAMPLES.some(sample => sample.test(file)) &&
      OWN_VERSION.test(readFileSync(join(root, file), 'utf8')),
  )
  expect(naming).toEqual([])
})

test('a new version is written into every place, and nothing else changes', () => {
  const copy = mkdtempSync(join(tmpdir(), 'version-'))
  onTestFinished(() => rmSync(copy, { recursive: true }))
  for (const place of versionPlaces(root)) {
    mkdirSync(dirname(join(copy, place)), { recursive: true })
    cpSync(join(root, place), join(copy, place))
  }
  const before = versionOf(copy)
  writeVersion(copy, '98.7.6')
  expect(new Set(versionsWritten(copy).map(({ version }) => version))).toEqual(new Set(['98.7.6']))
  writeVersion(copy, before)
  for (const place of versionPlaces(root)) {
    expect(readFileSync(join(copy, place), 'utf8'), place).toBe(readFileSync(join(root, place), 'utf8'))
  }
})
