/** The package as a user gets it: packed, and installed into an empty project. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const client = fileURLToPath(new URL('../..', import.meta.url))

export type Project = { dir: string; packed: string[]; filename: string; remove: () => void }

/** npm's own settings of this run must not reach into the new project. */
export const cleanEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)),
) as Record<string, string>

export async function emptyProject(): Promise<Project> {
  const dir = mkdtempSync(join(tmpdir(), 'bus-client-'))
  const { stdout } = await oneAtATime(() =>
    run('npm', ['pack', '--json', '--pack-destination', dir], { cwd: client, env: cleanEnv }),
  )
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [
    { filename: string; files: { path: string }[] },
  ]
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: 'a-user', private: true, type: 'module' }))
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${filename}`], {
    cwd: dir,
    env: cleanEnv,
  })
  return {
    dir,
    packed: files.map(({ path }) => path),
    filename,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** Packing takes minutes nowhere: a lock that is older was left by one that was killed. */
const LEFT_BEHIND_MS = 120_000

/** Packing builds `dist` anew, and tests of other files pack at the same time. */
async function oneAtATime<Result>(pack: () => Promise<Result>): Promise<Result> {
  const lock = join(client, '.packing')
  while (!taken(lock)) await new Promise(resolve => setTimeout(resolve, 50))
  try {
    return await pack()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function taken(lock: string): boolean {
  try {
    mkdirSync(lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - since > LEFT_BEHIND_MS) rmSync(lock, { recursive: true, force: true })
    return false
  }
}

/** Every program in it is right in its types, for the strictest of compilers. @throws {Error} with what is wrong */
export async function checkTypes({ dir }: Project): Promise<void> {
  writeFileSync(
    join(dir, 'node.d.ts'),
    'declare const process: { env: Record<string, string | undefined> }\n',
  )
  const options = {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: [],
    strict: true,
    noEmit: true,
  }
  const strictest = {
    ...options,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
  }
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions: strictest }))
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  await run(process.execPath, [tsc, '-p', dir]).catch(({ stdout }) => {
    throw new Error(stdout)
  })
}

/** What the package's own page has one type in, block by block. */
export function commands(): string[] {
  const page = readFileSync(join(client, 'README.md'), 'utf8')
  return [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => text!)
}

/** The TypeScript blocks of the package's own page, by the heading they stand under. */
export function snippets(): Map<string, string> {
  const page = readFileSync(join(client, 'README.md'), 'utf8')
  const found = [...page.matchAll(/^## ([^\n]+)\n(?:(?!^## )[\s\S])*?^```ts\n([\s\S]*?)^```$/gm)]
  return new Map(found.map(([, heading, code]) => [heading!, code!]))
}
