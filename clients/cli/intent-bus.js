#!/usr/bin/env node
// Plain JavaScript, so that an old Node can read it and say that it is too old.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `intent-bus needs Node 22.18 or newer; this is ${process.version}. In a clone of the repository, \`npx intent-bus\` brings its own.`,
  )
  process.exit(2)
}
const { enableCompileCache } = await import('node:module')
enableCompileCache()
const { main } = await import('./src/main.ts')
await main(process.argv)
