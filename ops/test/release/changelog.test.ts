import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../../../service/test/support/root.ts'
import { breaks, faultsOf, misplacedIn, partsOf, releasedAs } from '../../release/changelog.ts'
import { readReleases } from '../../release/releases.ts'
import { versionOf } from '../../release/version-places.ts'

const changelog = (unreleased: string, older = '') => `# Changelog\n\n## Unreleased\n${unreleased}${older}`

describe('the changelog', () => {
  const parts = partsOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'))

  test.each(parts)('$title has known sections in their order', part => {
    expect(faultsOf(part)).toEqual([])
  })

  test('begins with what is not released, and has each release with its date, newest first', () => {
    const recorded = readReleases(root)
      .map(({ version, date }) => `${version} - ${date}`)
      .reverse()
    const [first, ...released] = parts.map(({ title }) => title)
    expect(first).toBe('Unreleased')
    // The commit of a release is recorded after it was made: until then its version is that of the tree.
    expect(
      released.filter(title => recorded.includes(title) || !title.startsWith(`${versionOf(root)} - `)),
    ).toEqual(recorded)
  })
})

test('a release says what it breaks and what an upgrade takes, also when that is nothing', () => {
  const made = releasedAs(
    changelog('\n### Added\n\n- One.\n', '\n## 0.1.0 - 2026-01-01\n\n### Added\n\n- Old.\n'),
    '0.2.0',
    '2026-02-03',
  )
  expect(made).toBe(`# Changelog

## Unreleased

## 0.2.0 - 2026-02-03

### Breaking

- Nothing.

### Upgrade

- Nothing to do.

### Added

- One.

## 0.1.0 - 2026-01-01

### Added

- Old.
`)
  expect(partsOf(made).map(part => part.sections.length)).toEqual([0, 3, 1])
})

test('what is breaking stays, and comes first', () => {
  const made = releasedAs(
    changelog('\n### Breaking\n\n- This.\n\n### Fixed\n\n- That.\n'),
    '1.0.0',
    '2026-02-03',
  )
  const [, released] = partsOf(made)
  expect(released!.sections).toEqual([
    { title: 'Breaking', lines: ['- This.'] },
    { title: 'Upgrade', lines: ['- Nothing to do.'] },
    { title: 'Fixed', lines: ['- That.'] },
  ])
  expect(breaks(released!)).toBe(true)
})

test.each([
  ['\n### News\n\n- One.\n', 'News is none of'],
  ['\n### Fixed\n\n- One.\n\n### Added\n\n- Two.\n', 'Added comes too late, or twice.'],
  ['\n### Fixed\n\n- One.\n\n### Fixed\n\n- Two.\n', 'Fixed comes too late, or twice.'],
  ['\n### Fixed\n', 'Fixed is empty.'],
  ['\n### Fixed\n\nOne.\n', 'An entry begins with "- ", not as "One.".'],
])('finds the fault of %j', (unreleased, fault) => {
  expect(faultsOf(partsOf(changelog(unreleased))[0]!).join()).toContain(fault)
})

test('finds a release that does not say what it breaks', () => {
  const [, released] = partsOf(changelog('', '\n## 0.1.0 - 2026-01-01\n\n### Upgrade\n\n- Nothing to do.\n'))
  expect(faultsOf(released!)).toEqual(['Breaking is missing.'])
})

test('finds a line on upgrading among the additions', () => {
  const [part] = partsOf(
    changelog('\n### Upgrade\n\n- *Upgrade* here.\n\n### Added\n\n- One. *Upgrade:* run it.\n'),
  )
  expect(misplacedIn(part!)).toBe('- One. *Upgrade:* run it.')
})
