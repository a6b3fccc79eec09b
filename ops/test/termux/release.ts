/** A release of the bus, made of this clone as it lies there, as whoever publishes one would make it. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../../../service/test/support/root.ts'
import { versionPlaces, writeVersion } from '../../release/version-places.ts'

export type Release = { tarball: string; sha256: string }

/** What is different in it: files, and their text as made of the text that they have, if they are there. */
export type Change = Record<string, (text: string) => string>

/** Another version, later than any there is, in every place that has it: the packages of a release want each other by it. */
export function versioned(version: `99.${string}`): Change {
  const folder = mkdtempSync(join(tmpdir(), 'version-'))
  try {
    for (const place of versionPlaces(root)) {
      mkdirSync(dirname(join(folder, place)), { recursive: true })
      cpSync(join(root, place), join(folder, place))
    }
    writeVersion(folder, version)
    const texts = versionPlaces(folder).map(
      place => [place, readFileSync(join(folder, place), 'utf8')] as const,
    )
    return Object.fromEntries(texts.map(([place, text]) => [place, () => text]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @returns a `.tar.gz` with its `.sha256` beside it; the caller removes the folder of both */
export function makeRelease(change: Change = {}): Release {
  const folder = mkdtempSync(join(tmpdir(), 'release-'))
  const tree = join(folder, 'intent-bus')
  layOut(tree, change)
  const tarball = join(folder, 'intent-bus.tar.gz')
  execFileSync('tar', ['-C', folder, '--sort=name', '--mtime=@0', '-czf', tarball, 'intent-bus'])
  rmSync(tree, { recursive: true })
  const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex')
  writeFileSync(`${tarball}.sha256`, `${sha256}  intent-bus.tar.gz\n`)
  return { tarball, sha256 }
}

/** A link stays one, as in a clone; what another release left in its place goes. */
function lay(file: string, place: string): void {
  if (lstatSync(file).isSymbolicLink()) {
    rmSync(place, { force: true })
    symlinkSync(readlinkSync(file), place)
  } else cpSync(file, place)
}

/** Writes its files into a folder. */
export function layOut(tree: string, change: Change = {}): void {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const name of listed.split('\0').filter(Boolean)) {
    mkdirSync(dirname(join(tree, name)), { recursive: true })
    lay(join(root, name), join(tree, name))
  }
  for (const [name, changed] of Object.entries(change)) {
    const before = existsSync(join(tree, name)) ? readFileSync(join(tree, name), 'utf8') : ''
    const text = changed(before)
    if (text === before) throw new Error(`${name} was to be changed, and is not`)
    writeFileSync(join(tree, name), text)
  }
}
