/** What an image is built from, and a digest that changes when, and only when, that does. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import dockerignore from '@balena/dockerignore'

/** Never part of an image of ours, and slow to walk through. */
const PASSED_BY = new Set(['node_modules', '.git'])

/**
 * @param folder a build context: what its .dockerignore leaves out is left out here
 * @param only folders and files of it that the Dockerfile takes; without it, all
 * @returns paths with `/`, relative to the context, in the same order everywhere
 */
export function sourceFiles(folder: string, only: readonly string[] = ['.']): string[] {
  // Its types speak of the module, and Node gives the function, which is its own `default`.
  const rules = dockerignore.default()
  const file = join(folder, '.dockerignore')
  if (existsSync(file)) rules.add(readFileSync(file, 'utf8'))
  const found = only.flatMap(path => walk(join(folder, path)))
  return found
    .map(path => relative(folder, path).split(sep).join('/'))
    .filter(path => !rules.ignores(path))
    .sort()
}

function walk(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .filter(name => !PASSED_BY.has(name))
    .flatMap(name => walk(join(path, name)))
}

/** @returns 12 hex digits, as a name of what is said */
export const digestOfText = (text: string): string => shortened(createHash('sha256').update(text))

const shortened = (hash: ReturnType<typeof createHash>): string => hash.digest('hex').slice(0, 12)

/**
 * @param said what else the image depends on: the text of a Dockerfile, a base
 * @returns 12 hex digits, for a tag
 */
export function digestOf(folder: string, files: readonly string[], ...said: string[]): string {
  const hash = createHash('sha256')
  for (const text of said) hash.update(`${text}\0`)
  for (const file of files) {
    const path = join(folder, file)
    const executable = (statSync(path).mode & 0o111) !== 0
    hash.update(`\0${file}\0${executable}\0`).update(createHash('sha256').update(readFileSync(path)).digest())
  }
  return shortened(hash)
}
