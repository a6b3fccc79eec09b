/**
 * Where this project lives: address.json at the top of the repository, empty until it has an address. `npm run address`
 * writes it into every file that names it.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Address = {
  /** What `git clone` takes and a browser opens, as `https://git.example.com/intent-bus`, without `.git` at its end. */
  repository: string
  /** Where the pages of `docs/` are read, as `https://git.example.com/intent-bus/blob/main/docs`. */
  documentation: string
  /** The name of the image without a tag, as `registry.example.com/intent-bus`. */
  image: string
}

const TAKES: Record<keyof Address, [RegExp, string]> = {
  repository: [
    /^https:\/\/[^\s/"]+\/[^\s"]*[^\s"/](?<!\.git)$/,
    'an https:// address without .git or / at its end',
  ],
  documentation: [/^https:\/\/[^\s"]*[^\s"/]$/, 'an https:// address without / at its end'],
  image: [/^[a-z\d.-]+(?::\d+)?(?:\/[a-z\d._-]+)+$/, 'a registry and a name without a tag'],
}

/** @param root the folder of the clone @throws with the field that is wrong, and what it takes */
export function readAddress(root: string): Address {
  const address = JSON.parse(readFileSync(join(root, 'address.json'), 'utf8')) as Address
  for (const [field, [form, takes]] of Object.entries(TAKES)) {
    const value = address[field as keyof Address]
    if (value !== '' && !(typeof value === 'string' && form.test(value))) {
      throw new Error(`address.json: "${field}" is ${JSON.stringify(value)}; it takes ${takes}, or ""`)
    }
  }
  return address
}
