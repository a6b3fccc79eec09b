/** `npm run mutants -- --help` says what it does. */
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { randomFrom } from '../crash/random.ts'
import { root } from '../support/root.ts'
import { type Mutation, mutationsOf } from './mutations.ts'

const HELP = `Usage: npm run mutants -- [--count N] [--seed REV] [--only PATH]

Make small faults in executed lines of service/{http,broker,intent,store}, one at a time, and run the tests
that execute the line. Print the faults that no test finds. Exits with code 1 if there are any.

  --count N    number of faults (200)
  --seed REV   commit whose hash chooses the lines (the one before HEAD)
  --only PATH  tests whose path has this, and the lines that they execute
  --help       print this

The clone must have no changes in service/: the faults are made in its files, and taken back.`

/** What a fault may take that makes the bus wait for ever, beyond what its tests took without. */
const PATIENCE_MS = 120_000

type Covered = { file: string; tookMs: number; lines: Record<string, number[]> }
type Test = { file: string; tookMs: number }
type Mutant = Mutation & { file: string; tests: Test[] }

const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()

/** @returns its exit code, or null when it was ended for the time it took */
function vitest(args: string[], env: Record<string, string>, timeout?: number): Promise<number | null> {
  const program = join(root, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [program, 'run', '--config', 'vitest.mutants.config.ts', ...args], {
    ...{ cwd: root, env: { ...process.env, ...env }, stdio: 'ignore' as const },
    // A group of its own, to end the workers too.
    detached: true,
  })
  const end = () => process.kill(-child.pid!, 'SIGKILL')
  const late = timeout && setTimeout(end, timeout)
  process.on('exit', end)
  return new Promise(resolve =>
    child.on('close', code => {
      clearTimeout(late)
      process.off('exit', end)
      resolve(code)
    }),
  )
}

/** Which tests execute which line. */
async function coverage(only: string[]): Promise<Covered[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bus-mutants-'))
  try {
    const code = await vitest(only, { MUTANTS_COVERAGE: folder, BUS_SQLITE_WRITER: 'inline' })
    if (code !== 0) throw new Error('The tests fail without a fault: run `npm run test:unit`.')
    return readdirSync(folder).map(name => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Covered)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** One fault for each of so many executed lines. */
function choose(covered: Covered[], count: number, seed: number): Mutant[] {
  const random = randomFrom(seed)
  const candidates: Mutant[][] = []
  for (const file of [...new Set(covered.flatMap(({ lines }) => Object.keys(lines)))].toSorted()) {
    const byLine = Map.groupBy(mutationsOf(file, readFileSync(join(root, file), 'utf8')), each => each.line)
    for (const [line, mutations] of byLine) {
      const tests = covered
        .filter(({ lines }) => lines[file]?.includes(line))
        .map(({ file, tookMs }) => ({ file, tookMs }))
        .toSorted((a, b) => a.tookMs - b.tookMs)
      if (tests.length > 0) candidates.push(mutations.map(mutation => ({ ...mutation, file, tests })))
    }
  }
  const chosen: Mutant[] = []
  while (chosen.length < count && candidates.length > 0) {
    const [mutants] = candidates.splice(random.between(0, candidates.length - 1), 1)
    chosen.push(mutants![random.between(0, mutants!.length - 1)]!)
  }
  return chosen
}

/** @returns whether no test finds it */
async function survives({ file, start, end, replacement, tests }: Mutant): Promise<boolean> {
  const path = join(root, file)
  const text = readFileSync(path, 'utf8')
  const takeBack = () => writeFileSync(path, text)
  process.on('exit', takeBack)
  writeFileSync(path, text.slice(0, start) + replacement + text.slice(end))
  try {
    const patience = PATIENCE_MS + 3 * tests.reduce((sum, { tookMs }) => sum + tookMs, 0)
    const files = tests.map(test => test.file)
    return (await vitest(['--bail', '1', ...files], {}, patience)) === 0
  } finally {
    takeBack()
    process.off('exit', takeBack)
  }
}

function told({ file, line, start, end, replacement }: Mutant): string {
  const text = readFileSync(join(root, file), 'utf8')
  const from = text.lastIndexOf('\n', start - 1) + 1
  const to = text.indexOf('\n', end)
  const before = text.slice(from, to)
  const after = text.slice(from, start) + replacement + text.slice(end, to)
  const lines = (sign: string, part: string) => part.split('\n').map(each => `${sign}${each}`)
  return [`${file}:${line}`, ...lines('-', before), ...lines('+', after)].join('\n')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: 'HEAD~1' },
    only: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
if (git('status', '--porcelain', 'service') !== '')
  throw new Error('There are changes in service/: commit them first.')
const commit = git('rev-parse', values.seed)
const seed = createHash('sha256').update(commit).digest().readUInt32LE()
const mutants = choose(await coverage(values.only), Number(values.count), seed)
console.log(`${mutants.length} faults, by ${commit}`)
const survivors: Mutant[] = []
for (const [at, mutant] of mutants.entries()) {
  if (!(await survives(mutant))) continue
  survivors.push(mutant)
  console.log(`\n${at + 1}, not found by ${mutant.tests.length} files of tests: ${told(mutant)}`)
}
console.log(`\n${mutants.length - survivors.length} of ${mutants.length} found`)
process.exitCode = survivors.length > 0 ? 1 : 0
