/** The published packages as a user gets them: as tarballs, installed with npm into a directory far from the clone. */
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../../service/test/support/root.ts'
import { userIn } from './npm.ts'

const run = promisify(execFile)

export type Installed = {
  dir: string
  env: Record<string, string>
  /** A command in that directory, as it is typed. */
  run(...command: string[]): Promise<{ stdout: string; stderr: string }>
  /** One that runs on, with what it starts, until `end`. */
  start(...command: string[]): { out: () => string; end: () => Promise<void> }
  remove(): void
}

export async function installed(): Promise<Installed> {
  const place = mkdtempSync(join(tmpdir(), 'bus-installed-'))
  const [packed, dir] = [join(place, 'packed'), join(place, 'project')]
  for (const each of [packed, dir]) mkdirSync(each)
  const { env, offline } = userIn(place)
  await run(process.execPath, [join(root, 'ops/packages/run.ts'), packed], { cwd: root })
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: 'a-user', private: true, type: 'module' }))
  await offline(dir, 'install', ...readdirSync(packed).map(name => join(packed, name)))
  rmSync(packed, { recursive: true })

  return {
    dir,
    env,
    run: (program, ...args) => run(program!, args, { cwd: dir, env, timeout: 120_000 }),
    start(program, ...args) {
      const child = spawn(program!, args, {
        cwd: dir,
        env,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const closed = new Promise<void>(resolve => child.on('close', () => resolve()))
      let out = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (out += chunk))
      return {
        out: () => out,
        // To the whole group, as a Ctrl-C does: npx passes nothing on.
        end: () => {
          if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGINT')
          return closed
        },
      }
    },
    remove: () => rmSync(place, { recursive: true, force: true }),
  }
}

/** The folders that are under a project's node_modules by a link: of what was packed there are none. */
export const linked = (dir: string): string[] =>
  readdirSync(join(dir, 'node_modules'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isSymbolicLink() && !dirname(join(entry.parentPath, entry.name)).endsWith('.bin'))
    .map(entry => join(entry.parentPath, entry.name))
