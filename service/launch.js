/**
 * Starts `main.ts`. Plain JavaScript, so that nothing has to be stripped before it is known that this Node can strip,
 * and so that what was stripped and compiled once is found again: a start that finds it takes 0.33 s and 107 MB, one
 * that does not 0.52 s and 127 MB, because the stripper stays loaded.
 */
// Not by name: an older Node has no `enableCompileCache`, and would fail before it could be told so.
import * as nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'
import { withSuitableNode } from './suitable-node.js'

// A folder of our own: the system's temporary one could be filled with somebody else's code. Where it cannot be
// written, nothing is kept.
// What is beside a package of npm's is not ours.
const isPackage = import.meta.url.includes('/node_modules/')
const folder = fileURLToPath(
  new URL(isPackage ? './.cache' : '../node_modules/.cache/intent-bus', import.meta.url),
)

withSuitableNode(import.meta.url, 1, () => {
  // As a container's first process it is not ended by a signal that nobody listens for: until the bus does, we do.
  if (process.pid === 1) {
    process.once('SIGTERM', () => {
      if (process.listenerCount('SIGTERM') === 0) process.exit(143)
    })
  }
  // Node would open its inspector at this signal: a way in for every process of this machine. Whoever debugs the bus starts
  // it with --inspect.
  process.on('SIGUSR1', () => undefined)
  if (process.env.NODE_COMPILE_CACHE === undefined) {
    nodeModule.enableCompileCache(folder)
    // Threads take it from the environment.
    process.env.NODE_COMPILE_CACHE = folder
  }
  return import('./main.ts')
})
