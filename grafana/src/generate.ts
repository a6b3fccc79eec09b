import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { madeFiles, pathOf } from './made-files.ts'

for (const [path, text] of madeFiles()) {
  mkdirSync(dirname(pathOf(path)), { recursive: true })
  writeFileSync(pathOf(path), text)
}
