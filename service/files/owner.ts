import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * For an error about a path that may not be read or written. A container runs as a user who is nobody on the host, and a directory
 * that Docker made belongs to root.
 *
 * @returns a sentence with a blank before it that names both and the way out; '' where the owner is not what is wrong
 */
export const ownerOf = (path: string): string => foreign(path, dirname(path)) || ownerOfFolder(dirname(path))

/** The same for a directory that may not be read, or written to. */
export const ownerOfFolder = (folder: string): string => foreign(folder, folder)

/** The same for a directory that cannot be made. What it would lie in is left to its owner: that may be `/`. */
export function ownerAround(folder: string): string {
  const parent = dirname(folder)
  const owner = ownerIfForeign(parent)
  if (owner === null) return ''
  return ` ${parent} belongs to user ${owner.uid}, and the bus runs as user ${owner.user}: sudo install -d -m 700 -o ${owner.user} -g ${owner.group} ${folder} (in Docker: mount a volume there).`
}

function foreign(path: string, folder: string): string {
  const owner = ownerIfForeign(path)
  if (owner === null) return ''
  return ` ${path} belongs to user ${owner.uid}, and the bus runs as user ${owner.user}: sudo chown -R ${owner.user}:${owner.group} ${folder} (in Docker: the directory of the host that is mounted there).`
}

function ownerIfForeign(path: string): { uid: number; user: number; group: number } | null {
  const [user, group] = [process.getuid?.(), process.getgid?.()]
  if (user === undefined || group === undefined || user === 0 || !existsSync(path)) return null
  const { uid } = statSync(path)
  return uid === user ? null : { uid, user, group }
}
