import type { Alert } from './alert.ts'
import { BEING_THERE } from './being-there.ts'
import { HOST } from './host.ts'
import { WORK } from './work.ts'

/** In the groups in which they are shown. */
export const GROUPS: readonly { name: string; alerts: readonly Alert[] }[] = [
  { name: 'intent-bus: does it answer', alerts: BEING_THERE },
  { name: 'intent-bus: is the work done', alerts: WORK },
  { name: 'intent-bus: does the host hold', alerts: HOST },
]

export const ALERTS: readonly Alert[] = GROUPS.flatMap(({ alerts }) => alerts)
