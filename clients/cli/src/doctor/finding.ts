import { IntentBusError } from '@intent-bus/client/index'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { folded } from '../folded.ts'
import { type Output, plain, styled } from '../output.ts'

export type Finding = {
  check: string
  /** `skipped`: there was nothing to look at. */
  state: 'ok' | 'warning' | 'failed' | 'skipped'
  detail: string
  cure?: string
  exit?: ExitCode
}

/** How long the bus may take for each look. Whoever runs this is waiting already. */
export const LOOK_SECONDS = 5

export function failed(check: string, error: unknown, cure: string, exit?: ExitCode): Finding {
  const told = error instanceof IntentBusError ? `${error.message} (${error.code})` : (error as Error).message
  return { check, state: 'failed', detail: plain(told), cure, ...(exit === undefined ? {} : { exit }) }
}

/** Prints them, and sets the exit code to that of the first that failed, or that has one though it is only a warning. */
export function report(output: Output, findings: readonly Finding[]): void {
  output.say(
    findings.map(({ exit: _, ...finding }) => finding),
    () => findings.map(lineOf).join('\n'),
  )
  const first = findings.find(({ state, exit }) => state === 'failed' || exit !== undefined)
  if (first !== undefined) process.exitCode = first.exit ?? EXIT.failed
}

const SIGNS = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  failed: ['✗', 'red'],
  skipped: ['-', 'dim'],
} as const

function lineOf({ check, state, detail, cure }: Finding): string {
  const [sign, style] = SIGNS[state]
  // A reader that is no terminal wants one line for each.
  const columns = process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY
  const indent = columns < 60 ? 4 : 15
  const beside = (text: string) => folded(text, columns - indent).replaceAll('\n', `\n${' '.repeat(indent)}`)
  const said = beside(`${check.padEnd(12)} ${plain(detail)}`)
  const line = `${styled(style, sign)} ${said}`
  if (cure === undefined || state === 'ok') return line
  return `${line}\n${' '.repeat(indent)}${styled('dim', beside(cure))}`
}
