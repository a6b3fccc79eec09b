import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where a program is installed, for a test that needs one. */
export function installed(program: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map(folder => join(folder, program))
    .find(path => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
