/** `npm run pack [-- DIR]`: the packages that are published, as tarballs in DIR (dist). CONTRIBUTING.md says what they are. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, PUBLISHED } from './build.ts'

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const to = resolve(process.argv[2] ?? 'dist')
const built = mkdtempSync(join(tmpdir(), 'bus-packages-'))
try {
  mkdirSync(to, { recursive: true })
  for (const each of PUBLISHED) {
    const folder = join(built, each.folder)
    build(root, each, folder)
    const name = execFileSync('npm', ['pack', '--silent', '--pack-destination', to], {
      cwd: folder,
      encoding: 'utf8',
    })
    console.log(join(to, name.trim()))
  }
} finally {
  rmSync(built, { recursive: true, force: true })
}
