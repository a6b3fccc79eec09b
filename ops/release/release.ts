/** A release: what has to be so before, and what is done, in order. Nothing leaves this clone. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { breaks, faultsOf, misplacedIn, partsOf, releasedAs } from './changelog.ts'
import { Git } from './git.ts'
import { RELEASES, recordRelease } from './releases.ts'
import { compareVersions, mayBreak, parseVersion } from './version.ts'
import { versionOf, versionPlaces, writeVersion } from './version-places.ts'

const BRANCH = 'main'
const CHANGELOG = 'CHANGELOG.md'

/** Why no release is made: for people, and nothing is changed. */
export class Refused extends Error {}

/** @returns the version, which may be released now @throws {Refused} with the first reason against it */
function mayBeReleased(root: string, wanted: string): string {
  const [next, before] = [parseVersion(wanted), parseVersion(versionOf(root))!]
  if (next === null) {
    throw new Refused(`"${wanted}" is no version of a release: it takes three numbers, as in 0.2.0.`)
  }
  if (compareVersions(next, before) <= 0) {
    throw new Refused(`${wanted} is not above ${versionOf(root)}, the version of this tree.`)
  }
  const git = new Git(root)
  if (git.branch !== BRANCH) {
    throw new Refused(
      `Releases are made on the branch ${BRANCH}; this is ${git.branch || 'a commit without a branch'}.`,
    )
  }
  const changed = git.changed
  if (changed.length > 0) {
    throw new Refused(`There are changes that are not committed: ${changed.slice(0, 5).join(', ')}.`)
  }
  if (git.hasTag(`v${wanted}`)) throw new Refused(`The tag v${wanted} exists.`)

  const unreleased = partsOf(readFileSync(join(root, CHANGELOG), 'utf8')).find(
    ({ title }) => title === 'Unreleased',
  )
  if (unreleased === undefined || unreleased.sections.length === 0) {
    throw new Refused(`${CHANGELOG} has nothing under "## Unreleased".`)
  }
  const [fault] = faultsOf(unreleased)
  if (fault !== undefined) throw new Refused(`${CHANGELOG}, under "## Unreleased": ${fault}`)
  const misplaced = misplacedIn(unreleased)
  if (misplaced !== undefined) {
    throw new Refused(
      `${CHANGELOG}: move this to "### Breaking" or "### Upgrade": ${misplaced.slice(0, 100)}`,
    )
  }
  if (breaks(unreleased) && !mayBreak(before, next)) {
    const least = before[0] === 0 ? `0.${before[1] + 1}.0` : `${before[0] + 1}.0.0`
    throw new Refused(
      `${CHANGELOG} has entries under "### Breaking": the version has to be at least ${least}.`,
    )
  }
  return wanted
}

/**
 * Writes the version, runs the checks, commits, tags, and records the commit.
 *
 * @param check runs the checks; true when they passed
 * @param date of the release in UTC, as `2026-11-28`
 * @returns the commit that was tagged
 * @throws {Refused} when the checks failed; the tree is then as it was before
 */
export function release(root: string, wanted: string, date: string, check: () => boolean): string {
  const version = mayBeReleased(root, wanted)
  const git = new Git(root)
  const files = [...versionPlaces(root), CHANGELOG]
  let commit: string
  try {
    writeVersion(root, version)
    const changelog = join(root, CHANGELOG)
    writeFileSync(changelog, releasedAs(readFileSync(changelog, 'utf8'), version, date))
    if (!check()) throw new Refused('The checks failed. Nothing is released, and the files are as before.')
    const others = git.changed.filter(file => !files.includes(file))
    if (others.length > 0) throw new Refused(`The checks changed files: ${others.slice(0, 5).join(', ')}.`)
    commit = git.commit(files, `Release ${version}`)
  } catch (error) {
    git.restore(files)
    throw error
  }
  git.run('tag', '--annotate', `v${version}`, '--message', `Intent Bus ${version}`, commit)
  recordRelease(root, { version, commit, date })
  git.commit([RELEASES], `Record the commit of release ${version}`)
  return commit
}
