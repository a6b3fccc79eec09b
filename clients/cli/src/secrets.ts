/** Keys and tokens, each with where it came from: when it is wrong, that is what its owner has to look at. */
import { readFileSync } from 'node:fs'
import { isDressed } from '@intent-bus/service/config/secret-variables'
import { Failure } from './failure.ts'
import { explain } from './lines.ts'

type Given = { name: string; value: string | undefined }
export type Secret = { value: string; origin: string }

/** @param direct goes first @param file names a file that holds it @throws {Failure} that names what names the file */
export function givenSecret(direct: Given, file?: Given): Secret | undefined {
  if (direct.value) return { value: direct.value, origin: direct.name }
  if (!file?.value) return undefined
  const value = readSecretFile(file.name, file.value).trim()
  if (value === '') throw new Failure(`${file.name} names ${file.value}, which is empty.`)
  if (isDressed(value))
    warnOnce(
      `${file.value}, which ${file.name} names, takes the secret alone, without a name or quotes around it; they are taken as a part of it.`,
    )
  return { value, origin: `${file.value}, which ${file.name} names` }
}

const warned = new Set<string>()

function warnOnce(text: string): void {
  if (!warned.has(text)) explain(`warning: ${text}`)
  warned.add(text)
}

/** @param name what names it; the file itself, where nothing else does */
export function readSecretFile(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const told = name === file ? file : `${name} names ${file}, which`
    throw new Failure(`${told} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
}
