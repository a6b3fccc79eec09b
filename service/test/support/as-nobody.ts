/** A bus as another user, for whom a permission can be missing: root may do anything. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const NOBODY = 65_534

/** @returns `null` where a bus can be started as that user */
export function whyNotAsNobody(): string | null {
  if (process.getuid?.() !== 0) return 'only root can start a bus as somebody else'
  const main = fileURLToPath(new URL('../../main.ts', import.meta.url))
  const { status } = spawnSync(process.execPath, ['--check', main], { uid: NOBODY, gid: NOBODY, cwd: '/' })
  return status === 0 ? null : 'other users may not read this clone'
}
