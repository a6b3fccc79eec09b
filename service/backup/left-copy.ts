import { rmSync } from 'node:fs'

/** Where the copy lies until it is packed; beside the database, whose holder is alone there. */
export const copyPath = (source: string): string => `${source}.copying`

/** What a maker that was killed left behind beside the database. */
export function removeLeftCopy(source: string): void {
  for (const end of ['', '-journal']) rmSync(copyPath(source) + end, { force: true })
}
