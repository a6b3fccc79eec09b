/**
 * Whether this Node can run the bus and the command, and what to do if not. Plain JavaScript of 2019, with no `await`
 * outside of a function: Node 12, which some systems still bring, has to read it to say that it is too old.
 */
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const TAKES = 'Node 22.18, 23.6 or newer'

/** The first versions that take types out by themselves. The phone's installer asks it too. @public */
export const isSuitable = version => {
  const [major, minor] = version.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)
}

/** The clone's own, which `npm ci` brings. */
const own = fileURLToPath(
  new URL(`../node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`, import.meta.url),
)

/**
 * Calls `run`, if this Node can. If it can't, the clone's own Node runs `script` with the same arguments in its place,
 * and this process ends as that one does. Where that isn't there either, it says what is needed, and ends.
 *
 * @param {string} script the URL of what was started
 * @param {number} exitCode with which it ends when there is no Node that can
 * @param {() => unknown} run
 */
export function withSuitableNode(script, exitCode, run) {
  if (isSuitable(process.versions.node)) return run()
  if (!existsSync(own) || realpathSync(own) === realpathSync(process.execPath)) {
    const isPackage = import.meta.url.includes('/node_modules/')
    const wayOut = isPackage
      ? 'Install Node 24.'
      : 'In the clone, npm ci --include=dev brings one, also where NODE_ENV is production.'
    process.stderr.write(`intent-bus: this is Node ${process.versions.node}; it takes ${TAKES}. ${wayOut}\n`)
    return process.exit(exitCode)
  }
  // Whoever was told to stop is the one who is known: it passes it on, and ends when the other has. What a terminal says it
  // says to both, and the same twice would mean something else. Listening comes first: a signal right after the other has
  // started would end this process and leave that one.
  const inTerminal = [process.stdin, process.stdout, process.stderr].some(stream => stream.isTTY)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal === 'SIGTERM' || !inTerminal) child.kill(signal)
    })
  }
  const child = spawn(own, [fileURLToPath(script), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  child.on('error', error => {
    process.stderr.write(`intent-bus: ${own} cannot be started: ${error.message}\n`)
    process.exit(exitCode)
  })
  child.on('exit', (code, signal) => process.exit(code === null ? 128 + constants.signals[signal] : code))
}
