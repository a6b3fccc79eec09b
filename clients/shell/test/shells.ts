/** The shells that the workers are meant for, and the programs that they may find there. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed } from '../../../service/test/support/installed.ts'

export const workers = fileURLToPath(new URL('..', import.meta.url))

export type Shell = { name: string; command: string[]; missing: string | null }

/** One that is not installed says so, and its tests are skipped by that name. */
export function shellNamed(program: string, command: string[]): Shell {
  const missing = [program, 'curl'].find(name => installed(name) === undefined)
  if (missing === undefined) return { name: program, command, missing: null }
  console.warn(`shell workers are not tested in ${program}: ${missing} is not installed`)
  return { name: `${program} (skipped: ${missing} is not installed)`, command, missing }
}

export const shells: Shell[] = [
  shellNamed('dash', ['dash']),
  shellNamed('bash', ['bash']),
  shellNamed('busybox', ['busybox', 'sh']),
]

/** All that docs/shell-workers.md says is needed. jq is not among it. */
const NEEDED = 'awk cat curl date dirname mktemp od readlink rm sed setsid sh sleep tail tr uname wc'.split(
  ' ',
)

export type Toolbox = {
  /** What `sh` is there. With busybox the other tools are busybox's, too, as on Alpine; but for curl and openssl. */
  shell?: string
  /** Every call of a tool is written there, one line each. */
  log?: string
  /** Tools beyond the needed ones. */
  also?: string[]
  /** Needed tools that the test puts there itself. */
  without?: string[]
}

/** Makes a folder that holds nothing but these tools, to be the whole PATH of a worker. */
export function toolbox(
  folder: string,
  { shell = 'sh', log, also = [], without = [] }: Toolbox = {},
): string {
  mkdirSync(folder, { recursive: true })
  const put = (name: string, tool: string): void => {
    const real = installed(tool)
    if (real === undefined) throw new Error(`${tool} is not installed`)
    const place = join(folder, name)
    if (log === undefined) symlinkSync(real, place)
    else {
      const script = `#!/bin/sh\nprintf '%s %s\\n' ${name} "$*" >> '${log}'\nexec '${real}' "$@"\n`
      writeFileSync(place, script, { mode: 0o755 })
    }
  }
  for (const tool of [...NEEDED, ...also].filter(name => !without.includes(name))) {
    if (tool === 'sh') put(tool, shell)
    else put(tool, shell === 'busybox' && tool !== 'curl' && tool !== 'openssl' ? 'busybox' : tool)
  }
  if (shell !== 'sh') put(shell, shell)
  return folder
}

/** A toolbox in which no sleep takes longer than a moment. @returns the PATH, and how many seconds were slept in name */
export function hastySleep(
  folder: string,
  shell: string,
  without: string[] = [],
): { PATH: string; slept: () => number } {
  const PATH = toolbox(folder, { shell, also: ['sha256sum'], without: ['sleep', ...without] })
  const log = join(folder, 'slept')
  writeFileSync(log, '')
  // The moment lets a signal, or what a test does meanwhile, come in between.
  writeFileSync(
    join(folder, 'sleep'),
    `#!/bin/sh\necho "$1" >> '${log}'\nexec '${installed('sleep')}' 0.05\n`,
    { mode: 0o755 },
  )
  const slept = (): number =>
    readFileSync(log, 'utf8')
      .split('\n')
      .reduce((sum, seconds) => sum + Number(seconds), 0)
  return { PATH, slept }
}
