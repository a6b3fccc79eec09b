/**
 * Where the version is written. The root's package.json is the source; npm, Docker and bake cannot read it, so a release
 * writes the others, and ops/test/release/version-places.test.ts holds them to it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Package = {
  name: string
  version: string
  workspaces?: string[]
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

type Lock = { version: string; packages: Record<string, Partial<Package>> }

/** Files of other programs, each with the one line that has the version; what is before and after it stays. */
const LINES: Record<string, RegExp> = {
  Dockerfile: /(?<=^ARG VERSION=)\S+$/m,
  'docker-bake.hcl': /(?<=^variable "VERSION" \{ default = ")[^"]+/m,
  '.env.example': /(?<=^#BUS_IMAGE=(?:[^:\n]+:)?[^:\n]+:)\d+\.\d+\.\d+$/m,
  'docs/phone.md': /(?<=\.git#v)[\d.]+/m,
}

const DEPENDENCIES = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'] as const

const LOCK = 'package-lock.json'

const read = (root: string, path: string) => readFileSync(join(root, path), 'utf8')
const readJson = <T>(root: string, path: string): T => JSON.parse(read(root, path)) as T

/** The version of this tree. @param root the folder of the clone */
export const versionOf = (root: string): string => readJson<Package>(root, 'package.json').version

/** The package.json of the root and of each workspace, by path. */
export function packagesOf(root: string): string[] {
  const { workspaces = [] } = readJson<Package>(root, 'package.json')
  return ['package.json', ...workspaces.map(folder => `${folder}/package.json`)]
}

/** Every file that has the version. */
export const versionPlaces = (root: string): string[] => [...packagesOf(root), LOCK, ...Object.keys(LINES)]

/** Every version that is written somewhere, with its place: all of them should be {@link versionOf}. */
export function versionsWritten(root: string): { place: string; version: string | undefined }[] {
  const packages = packagesOf(root).map(path => ({ path, json: readJson<Package>(root, path) }))
  const names = new Set(packages.map(({ json }) => json.name))
  const own = packages.flatMap(({ path, json }) => [
    { place: path, version: json.version },
    ...wantedOf(json, names).map(([name, version]) => ({ place: `${path}: ${name}`, version })),
  ])
  const lock = readJson<Lock>(root, LOCK)
  const locked = lockedOf(lock).flatMap(([path, entry]) => [
    { place: `${LOCK}: ${path || 'the root'}`, version: entry.version },
    ...wantedOf(entry, names).map(([name, version]) => ({ place: `${LOCK}: ${path}: ${name}`, version })),
  ])
  const lines = Object.entries(LINES).map(([path, line]) => ({
    place: path,
    version: line.exec(read(root, path))?.[0],
  }))
  return [...own, { place: LOCK, version: lock.version }, ...locked, ...lines]
}

/** Writes the version into each of its places, and changes nothing else there. */
export function writeVersion(root: string, version: string): void {
  const names = packagesOf(root).map(path => readJson<Package>(root, path).name)
  for (const path of packagesOf(root)) {
    const text = read(root, path).replace(/(?<=^ {2}"version": ")[^"]+/m, version)
    writeFileSync(
      join(root, path),
      // What one workspace wants of another, but for "*": that is whichever is there.
      names.reduce(
        (made, name) => made.replace(new RegExp(`(?<=^ {4}"${name}": ")\\d[^"]*`, 'm'), version),
        text,
      ),
    )
  }
  const lock = readJson<Lock>(root, LOCK)
  lock.version = version
  for (const [, entry] of lockedOf(lock)) {
    entry.version = version
    for (const [name, , list] of wantedOf(entry, new Set(names))) list[name] = version
  }
  writeFileSync(join(root, LOCK), `${JSON.stringify(lock, null, 2)}\n`)
  for (const [path, line] of Object.entries(LINES)) {
    writeFileSync(join(root, path), read(root, path).replace(line, version))
  }
}

/** The root and the workspaces in the lock: all that does not lie in a node_modules. */
const lockedOf = (lock: Lock) =>
  Object.entries(lock.packages).filter(([path]) => !path.includes('node_modules/'))

/** What a package wants of the workspaces by a version, as `[name, version, the list that it is in]`. */
const wantedOf = (json: Partial<Package>, names: Set<string>) =>
  DEPENDENCIES.flatMap(kind =>
    Object.entries(json[kind] ?? {})
      .filter(([name, version]) => names.has(name) && /^\d/.test(version))
      .map(([name, version]) => [name, version, json[kind]!] as const),
  )
