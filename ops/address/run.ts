/** `npm run address`: writes what address.json says into every file that names it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readAddress } from './address.ts'
import { addressPlaces } from './places.ts'

const root = process.cwd()
const address = readAddress(root)
for (const [path, write] of Object.entries(addressPlaces(root))) {
  const file = join(root, path)
  writeFileSync(file, write(readFileSync(file, 'utf8'), address))
}
