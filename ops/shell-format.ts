/** How shell scripts are laid out: as shfmt does, by .editorconfig. `node ops/shell-format.ts` mends all of them. */
import { execFileSync } from 'node:child_process'
import { closeSync, lstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { print } from 'sh-syntax'

const root = fileURLToPath(new URL('..', import.meta.url))

/** All of the clone, by name or by their first line. */
export function shellScripts(): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  })
  // A link is no text of its own.
  const names = listed.split('\0').filter(name => name !== '' && lstatSync(join(root, name)).isFile())
  return names.filter(
    name => name.endsWith('.sh') || (!/\.\w+$/.test(name) && startsAShell(join(root, name))),
  )
}

function startsAShell(path: string): boolean {
  const start = Buffer.alloc(80)
  const file = openSync(path, 'r')
  try {
    readSync(file, start)
  } finally {
    closeSync(file)
  }
  return /^#!\S*\/(env )?(ba|da)?sh\n/.test(start.toString())
}

/** @param name of the clone @returns its text as it is, and as it should be */
export async function laidOut(name: string): Promise<{ is: string; should: string }> {
  const is = readFileSync(join(root, name), 'utf8')
  const options = { indent: 2, switchCaseIndent: true, spaceRedirects: true, binaryNextLine: false }
  return { is, should: await print(is, { filepath: name, ...options }) }
}

if (import.meta.main) {
  for (const name of shellScripts()) {
    const { is, should } = await laidOut(name)
    if (is === should) continue
    writeFileSync(join(root, name), should)
    console.log(name)
  }
}
