import { execFileSync } from 'node:child_process'
import { hostname } from 'node:os'

/** What the bus takes for a worker's id. */
const OUTSIDE = /[^A-Za-z0-9_.:-]/g
const MOST_CHARS = 64

/** The name of a worker that is given none, as the shell workers have it. */
export function hostName(): string {
  // On Android, every host is called localhost.
  const name = hostname() === 'localhost' ? phoneModel() : hostname()
  return name.replace(OUTSIDE, '-').slice(0, MOST_CHARS) || 'worker'
}

function phoneModel(): string {
  try {
    const model = execFileSync('getprop', ['ro.product.model'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return model.trim() || 'localhost'
  } catch {
    return 'localhost'
  }
}
