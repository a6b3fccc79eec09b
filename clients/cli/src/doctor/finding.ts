import { IntentBusError } from '../../../typescript/src/index.ts'
import type { ExitCode } from '../exit-codes.ts'
import { plain, styled } from '../output.ts'

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

const SIGNS = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  failed: ['✗', 'red'],
  skipped: ['-', 'dim'],
} as const

export function lineOf({ check, state, detail, cure }: Finding): string {
  const [sign, style] = SIGNS[state]
  const line = `${styled(style, sign)} ${check.padEnd(12)} ${plain(detail)}`
  return cure === undefined || state === 'ok' ? line : `${line}\n${' '.repeat(15)}${styled('dim', cure)}`
}
