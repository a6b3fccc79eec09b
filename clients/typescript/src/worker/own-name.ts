import { randomId } from '../random.ts'

/** What the bus takes for a worker's id. */
const OUTSIDE = /[^A-Za-z0-9_.:-]/g
const MOST_CHARS = 64

type Os = { hostname(): string }
type Process = { getBuiltinModule?(name: string): Os | undefined }

/**
 * The name of a worker that is given none: the host's, as the shell workers and the command have it. Where the runtime does not say
 * (a browser, or Node before 20.16), or on Android, where every host is called localhost, it is a random one.
 */
export function ownName(): string {
  const { process } = globalThis as { process?: Process }
  const name = process?.getBuiltinModule?.('node:os')?.hostname() ?? ''
  const taken = name.replace(OUTSIDE, '-').slice(0, MOST_CHARS)
  return taken === '' || taken === 'localhost' ? `worker-${randomId().slice(0, 8)}` : taken
}
