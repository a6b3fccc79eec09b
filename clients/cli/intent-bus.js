#!/usr/bin/env node
// Plain JavaScript, so that an old Node can read it and find a newer one, or say that it is too old.
import * as nodeModule from 'node:module'

const missing = error => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
  const wayOut = import.meta.url.includes('/node_modules/') ? 'install it again' : 'run npm ci in the clone'
  process.stderr.write(`intent-bus: what it is made of is not installed (${error.message}): ${wayOut}.\n`)
  process.exit(2)
}

import('@intent-bus/service/suitable-node').then(
  ({ withSuitableNode }) =>
    withSuitableNode(import.meta.url, 2, async () => {
      nodeModule.enableCompileCache()
      const { main } = await import('./src/main.ts').catch(missing)
      await main(process.argv)
    }),
  missing,
)
