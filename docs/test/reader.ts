/** Somebody who follows a page to the letter: saves its programs, then runs its commands, where a new bus runs. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { BusProcess } from '../../service/test/support/bus-process.ts'
import { root } from '../../service/test/support/root.ts'
import { typed } from '../../service/test/support/typed.ts'
import { readPage } from '../pages.ts'

export type Equipment = {
  /** What the bus is started with. */
  settings?: Record<string, string>
  /** The `bin` of a virtual environment with the SDK. Without one, the blocks that run Python are left out. */
  python?: string
  /** A project in which the TypeScript package is installed. */
  packages?: string
  /** What is there before somebody reads the page: commands, with the environment of the page. */
  before?: string
  /** What the reader types for each word in capitals that stands for something of theirs. */
  placeholders?: Record<string, string>
}

type Block = { language: string; text: string; name: string | undefined }

/**
 * A block of `ts`, `js` or `python` is a program; its first line is a comment with its name. A block of `sh` is typed in.
 *
 * @returns what the commands printed
 */
export async function follow(page: string, equipment: Equipment = {}): Promise<string> {
  const { settings = {}, python, packages, before = '', placeholders = {} } = equipment
  const dir = mkdtempSync(join(tmpdir(), 'bus-docs-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const bus = new BusProcess(dir, { PORT: '0', ...settings })
  onTestFinished(() => bus.kill())
  const address = `localhost:${await bus.ready()}`

  // The reader is in a clone.
  for (const name of ['ops', 'clients']) symlinkSync(join(root, name), join(dir, name))
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  if (packages !== undefined) symlinkSync(join(packages, 'node_modules'), join(dir, 'node_modules'))
  const blocks = blocksOf(page)
  for (const { name, text } of blocks) {
    if (name !== undefined) writeFileSync(join(dir, name), text.replaceAll('localhost:8080', address))
  }
  const commands = blocks.filter(
    ({ language, text }) => language === 'sh' && (python !== undefined || !/\bpython3 /.test(text)),
  )
  if (commands.length === 0) throw new Error(`${page} has no commands`)
  const lines = commands.map(({ text }) =>
    text.replace(/\b[A-Z]+\b(?![=}])/g, word => placeholders[word] ?? word),
  )
  const script = [before, ...lines].join('\n').replaceAll('localhost:8080', address)

  mkdirSync(join(dir, 'home'))
  // In this order, because the SDK has an `intent-bus` of its own.
  const path = [join(root, 'node_modules/.bin'), python, process.env['PATH']].filter(Boolean).join(':')
  // What a block leaves running must not outlive a script that fails.
  return typed(`trap 'kill \${WORKER_PID:-} 2> /dev/null || :' EXIT\n${script}`, {
    cwd: dir,
    // A proxy that the machine is set up for must not stand between a client and this machine.
    env: { PATH: path, NO_PROXY: 'localhost', HOME: join(dir, 'home'), PORT: address.split(':')[1]! },
  })
}

export function blocksOf(page: string): Block[] {
  return [...readPage(page).matchAll(/^```(sh|ts|js|python)\n(.*?)^```$/gms)].map(([, language, text]) => {
    const name = language === 'sh' ? undefined : /^(?:\/\/|#) (\S+\.(?:ts|js|py))\n/.exec(text!)?.[1]
    if (language !== 'sh' && name === undefined)
      throw new Error(`${page}: a program without a name:\n${text}`)
    return { language: language!, text: text!, name }
  })
}

/** Answers end without a line break, so two calls in a row print `{…}{…}`. @returns the JSON of each */
export function answersIn(stdout: string): unknown[] {
  return stdout
    .replace(/(?<=[}\]])(?=[{[])/g, '\n')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}
