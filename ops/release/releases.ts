/**
 * What was released, oldest first, in releases.json. Tags don't travel with every clone; this file does. A commit cannot
 * hold its own hash, so the commit after the release records it: it names exactly what the tag names.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @property commit 40 hex digits @property date of the release in UTC, as `2026-11-28` */
export type Release = { version: string; commit: string; date: string }

export const RELEASES = 'releases.json'

/** @param root the folder of the clone */
export const readReleases = (root: string): Release[] =>
  JSON.parse(readFileSync(join(root, RELEASES), 'utf8')) as Release[]

/** The newest release that this tree knows of. @throws when there is none */
export function lastRelease(root: string): Release {
  const last = readReleases(root).at(-1)
  if (last === undefined) throw new Error(`${RELEASES} names no release`)
  return last
}

export function recordRelease(root: string, release: Release): void {
  const releases = [...readReleases(root), release]
  writeFileSync(join(root, RELEASES), `${JSON.stringify(releases, null, 2)}\n`)
}
