import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../../service/test/support/root.ts'
import { type Part, partsOf } from '../../release/changelog.ts'
import { readReleases } from '../../release/releases.ts'

const entriesOf = (changelog: string, version: string): string[] => {
  const parts = partsOf(changelog)
  const named = (title: string) =>
    parts.find(part => part.title === title || part.title.startsWith(`${title} - `))
  // The first release was recorded afterwards: in its commit nothing is released yet.
  const part: Part = named(version) ?? named('Unreleased')!
  return part.sections.flatMap(({ lines }) => lines).filter(line => !/^- Nothing\b/.test(line))
}

test.each(readReleases(root))(
  'the changelog of $version is as it was released, at $commit',
  ({ version, commit }) => {
    let released: string
    try {
      released = execFileSync('git', ['show', `${commit}:CHANGELOG.md`], { cwd: root, encoding: 'utf8' })
    } catch (cause) {
      throw new Error(
        `this clone lacks the commit of ${version}; in a shallow one run: git fetch --unshallow`,
        { cause },
      )
    }
    const now = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
    expect(entriesOf(now, version)).toEqual(entriesOf(released, version))
  },
)
