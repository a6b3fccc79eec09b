/** The package as a user gets it: packed, and installed into an empty project. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const client = fileURLToPath(new URL('../..', import.meta.url))

export type Project = { dir: string; packed: string[]; remove: () => void }

/** npm's own settings of this run must not reach into the new project. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)),
) as Record<string, string>

export async function emptyProject(): Promise<Project> {
  const dir = mkdtempSync(join(tmpdir(), 'bus-client-'))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', dir], { cwd: client, env })
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [
    { filename: string; files: { path: string }[] },
  ]
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: 'a-user', private: true, type: 'module' }))
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${filename}`], { cwd: dir, env })
  return {
    dir,
    packed: files.map(({ path }) => path),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** The TypeScript blocks of the package's own page, by the heading they stand under. */
export function snippets(): Map<string, string> {
  const page = readFileSync(join(client, 'README.md'), 'utf8')
  const found = [...page.matchAll(/^## ([^\n]+)\n(?:(?!^## )[\s\S])*?^```ts\n([\s\S]*?)^```$/gm)]
  return new Map(found.map(([, heading, code]) => [heading!, code!]))
}
