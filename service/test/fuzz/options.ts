import { parseArgs } from 'node:util'

export const HELP = `npm run fuzz -- [options]

Starts a bus in a temporary directory, sends it requests made from its own
OpenAPI document, and watches what it does: work that holds up other requests,
errors, connections that break, memory.

  --minutes N     for how long; 60. From 20 on the growth of its memory is
                  judged too
  --seed N        begins the same sequence again; else a new one. It is printed
  --heap MIB      heap of the bus; 256
  --turn MS       most CPU time of its main thread in one piece; 100
  --findings DIR  where the requests of each finding are kept; ./fuzz-findings
  --replay FILE   send the requests of one finding again, in place of new ones
  --help

It ends with 0 when nothing was found, 1 when something was, 2 when it was
wrongly called.`

export type Options = {
  minutes: number
  seed: number
  heapMib: number
  turnMs: number
  findings: string
  replay: string | null
  help: boolean
}

export class WrongOption extends Error {}

const VALUES = ['minutes', 'seed', 'heap', 'turn', 'findings', 'replay'] as const

/** @throws {WrongOption} that names the option, what it got and what it takes */
export function readOptions(argv: readonly string[]): Options {
  const given = parsed(argv)
  const number = (name: 'minutes' | 'seed' | 'heap' | 'turn', otherwise: number, least: number): number => {
    const text = given[name]
    const value = text === undefined ? otherwise : Number(text)
    if (text === '' || !(value >= least))
      throw new WrongOption(`--${name} takes a number from ${least}; it got ${text}`)
    return value
  }
  return {
    minutes: number('minutes', 60, 0.1),
    seed: Math.trunc(number('seed', Math.floor(Math.random() * 2 ** 31), 0)),
    heapMib: number('heap', 256, 64),
    turnMs: number('turn', 100, 1),
    findings: given['findings'] ?? 'fuzz-findings',
    replay: given['replay'] ?? null,
    help: given.help === true,
  }
}

function parsed(argv: readonly string[]) {
  const options = Object.fromEntries(VALUES.map(name => [name, { type: 'string' } as const]))
  try {
    const { values } = parseArgs({ args: [...argv], options: { ...options, help: { type: 'boolean' } } })
    return values as Partial<Record<(typeof VALUES)[number], string>> & { help?: boolean }
  } catch (error) {
    throw new WrongOption((error as Error).message)
  }
}
