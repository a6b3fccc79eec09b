import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * For an error about a path that may not be read or written. A container runs as a user who is nobody on the host, and a directory
 * that Docker made belongs to root.
 *
 * @returns a sentence with a blank before it that names both and the way out; '' where the owner is not what is wrong
 */
export function ownerOf(path: string): string {
  const [user, group] = [process.getuid?.(), process.getgid?.()]
  if (user === undefined || user === 0) return ''
  for (const each of [path, dirname(path)]) {
    if (!existsSync(each)) continue
    const { uid } = statSync(each)
    if (uid === user) continue
    return ` ${each} belongs to user ${uid}, and the bus runs as user ${user}: sudo chown -R ${user}:${group} ${dirname(path)} (in Docker: the directory of the host that is mounted there).`
  }
  return ''
}
