import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { root } from '../../../service/test/support/root.ts'
import { readReleases } from '../../release/releases.ts'
import { versionOf, versionPlaces, versionsWritten } from '../../release/version-places.ts'

const UNRELEASED = '\n### Added\n\n- Something new.\n'

/** A repository with what a release touches, whose checks are one script. */
let folder: string

const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim()
const read = (path: string) => readFileSync(join(folder, path), 'utf8')
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}
const commit = (files: Record<string, string>) => {
  for (const [path, text] of Object.entries(files)) write(path, text)
  git('add', '--all')
  git('commit', '--quiet', '--message', 'Something')
}
const changelog = (unreleased: string) =>
  `# Changelog\n\n## Unreleased\n${unreleased}\n## 0.1.0 - 2026-01-01\n\n### Added\n\n- Old.\n`

const release = (...args: string[]) => {
  const ended = spawnSync(process.execPath, [join(root, 'ops/release/run.ts'), ...args], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { code: ended.status, out: ended.stdout, err: ended.stderr }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'release-'))
  git('init', '--quiet', '--initial-branch=main')
  git('config', 'user.name', 'a test')
  git('config', 'user.email', 'test@bus.example')
  git('config', 'commit.gpgsign', 'false')
  git('config', 'tag.gpgsign', 'false')
  for (const place of versionPlaces(root)) {
    mkdirSync(dirname(join(folder, place)), { recursive: true })
    cpSync(join(root, place), join(folder, place))
  }
  const json = JSON.parse(read('package.json')) as { scripts: unknown }
  json.scripts = { test: 'node check.cjs' }
  commit({
    'package.json': `${JSON.stringify(json, null, 2)}\n`,
    'check.cjs': 'console.log("the checks ran")\n',
    'releases.json': '[]\n',
    'CHANGELOG.md': changelog(UNRELEASED),
  })
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a release sets the version everywhere, moves the changelog, tags, and records its commit', () => {
  const { code, out, err } = release('98.0.0')
  expect(err).toBe('')
  expect(code).toBe(0)
  expect(out).toContain('the checks ran')
  expect(out).toContain('git push --follow-tags')
  const tagged = git('rev-parse', 'v98.0.0^{commit}')
  expect(git('cat-file', '-t', 'v98.0.0')).toBe('tag')
  expect(git('log', '--format=%s', '-2')).toBe('Record the commit of release 98.0.0\nRelease 98.0.0')
  expect(git('rev-parse', 'HEAD^')).toBe(tagged)
  expect(readReleases(folder)).toEqual([
    { version: '98.0.0', commit: tagged, date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) },
  ])
  expect(versionsWritten(folder).every(({ version }) => version === '98.0.0')).toBe(true)
  expect(read('CHANGELOG.md')).toMatch(/## Unreleased\n\n## 98\.0\.0 - \d{4}-\d\d-\d\d\n\n### Breaking\n/)
  expect(git('status', '--porcelain')).toBe('')
})

test('the next release is recorded after the one before', () => {
  expect(release('98.0.0').code).toBe(0)
  commit({ 'CHANGELOG.md': read('CHANGELOG.md').replace('## Unreleased\n', `## Unreleased\n${UNRELEASED}`) })
  expect(release('98.0.1').code).toBe(0)
  expect(readReleases(folder).map(({ version }) => version)).toEqual(['98.0.0', '98.0.1'])
  expect(read('CHANGELOG.md').match(/^## .*(?= - )/gm)).toEqual(['## 98.0.1', '## 98.0.0', '## 0.1.0'])
})

describe('nothing is changed when', () => {
  const refusal = (expected: string, ...args: string[]) => {
    const [before, state] = [git('rev-parse', 'HEAD'), git('status', '--porcelain')]
    const { code, err } = release(...args)
    expect(err).toContain(expected)
    expect(code).toBe(1)
    expect(git('rev-parse', 'HEAD')).toBe(before)
    expect(git('status', '--porcelain')).toBe(state)
    expect(git('tag', '--list', 'v98*')).toBe('')
    expect(versionOf(folder)).toBe(versionOf(root))
  }

  test.each(['98', '98.0', 'v98.0.0', '98.0.0-rc.1', '98.0.01', ''])('the version is %j', version => {
    refusal(`"${version}" is no version of a release: it takes three numbers, as in 0.2.0.`, version)
  })

  test('no version is given, or two are', () => {
    refusal('It takes one version')
    refusal('It takes one version', '98.0.0', '99.0.0')
  })

  test.each(['0.0.9', versionOf(root)])('the version is %s, which is not above that of the tree', version => {
    refusal(`${version} is not above ${versionOf(root)}, the version of this tree.`, version)
  })

  test('a file is changed, or new', () => {
    write('new.txt', 'new')
    refusal('There are changes that are not committed: new.txt.', '98.0.0')
  })

  test('another branch is checked out', () => {
    git('switch', '--quiet', '--create', 'other')
    refusal('Releases are made on the branch main; this is other.', '98.0.0')
  })

  test('the changelog has nothing that is not released', () => {
    commit({ 'CHANGELOG.md': changelog('') })
    refusal('CHANGELOG.md has nothing under "## Unreleased".', '98.0.0')
  })

  test('an entry on upgrading stands among the fixes', () => {
    commit({ 'CHANGELOG.md': changelog('\n### Fixed\n\n- One. *Upgrade:* run this.\n') })
    refusal('move this to "### Breaking" or "### Upgrade": - One.', '98.0.0')
  })

  test('something breaks, and the version says that nothing does', () => {
    commit({ 'CHANGELOG.md': changelog('\n### Breaking\n\n- That.\n') })
    const [major, minor, patch] = versionOf(root).split('.').map(Number)
    const least = major === 0 ? `0.${minor! + 1}.0` : `${major! + 1}.0.0`
    refusal(`has to be at least ${least}`, `${major}.${minor}.${patch! + 1}`)
  })

  test('the checks fail', () => {
    commit({ 'check.cjs': 'process.exit(1)\n' })
    refusal('The checks failed. Nothing is released, and the files are as before.', '98.0.0')
  })

  test('the commit fails', () => {
    write('.git/hooks/pre-commit', '#!/bin/sh\necho "the hook says no" >&2\nexit 1\n')
    execFileSync('chmod', ['+x', join(folder, '.git/hooks/pre-commit')])
    refusal('the hook says no', '98.0.0')
  })
})

test('the tag of another commit is not moved', () => {
  git('tag', 'v98.0.0')
  expect(release('98.0.0').err).toContain('The tag v98.0.0 exists.')
  expect(git('rev-parse', 'v98.0.0')).toBe(git('rev-parse', 'HEAD'))
})

test('files that the checks changed are named, and the release is not made', () => {
  commit({ 'check.cjs': "require('node:fs').writeFileSync('made.txt', '')\n" })
  expect(release('98.0.0').err).toContain('The checks changed files: made.txt.')
  expect(versionOf(folder)).toBe(versionOf(root))
})

test('--everything runs the whole of the checks', () => {
  commit({ '.ci/run': '#!/bin/sh\necho everything ran\n' })
  git('update-index', '--chmod=+x', '.ci/run')
  execFileSync('chmod', ['+x', join(folder, '.ci/run')])
  git('commit', '--quiet', '--message', 'Executable')
  expect(release('98.0.0', '--everything').out).toContain('everything ran')
})
