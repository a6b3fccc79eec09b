/** In the image's build: leaves in node_modules what runs on this machine, and makes the directories the bus will own. */
import { globSync, mkdirSync, rmSync } from 'node:fs'

const remove = path => rmSync(path, { recursive: true, force: true })

// SQLite as source, and compiled for every other machine: nine tenths of the package.
const sqlite = 'node_modules/better-sqlite3'
for (const folder of ['deps', 'src', 'binding.gyp']) remove(`${sqlite}/${folder}`)
const kept = `linux-${process.arch}.node`
const binaries = globSync(`${sqlite}/prebuilds/*`)
if (!binaries.includes(`${sqlite}/prebuilds/${kept}`)) throw new Error(`better-sqlite3 has no ${kept}`)
for (const binary of binaries) if (!binary.endsWith(`/${kept}`)) remove(binary)

// The lock on the database, the same way.
const locks = 'node_modules/fs-native-extensions'
for (const part of ['include', 'src', 'CMakeLists.txt', ...globSync('*.{c,h}', { cwd: locks })])
  remove(`${locks}/${part}`)
const lock = `${locks}/prebuilds/linux-${process.arch}/fs-native-extensions.node`
const built = globSync(`${locks}/prebuilds/*/*`)
if (!built.includes(lock)) throw new Error(`fs-native-extensions has no ${lock}`)
for (const binary of built) if (binary !== lock) remove(binary)

// What compilers and people read. Licences stay.
const unread = globSync('node_modules/**/*.{md,ts,mts,cts,map}', {
  exclude: path => ['.bin', '@intent-bus', 'intent-bus'].includes(path.name ?? path),
})
for (const path of unread) remove(path)
for (const path of globSync('node_modules/**/{test,tests,benchmark,benchmarks,docs,examples,.github}'))
  remove(path)
// Only C++ code asks for it.
remove('node_modules/node-addon-api')

// A new volume takes its owner from the directory that the image has in its place.
const volumes = ['data', 'backups', 'secrets/bus', 'secrets/metrics', 'secrets/grafana']
for (const folder of ['cache', ...volumes.map(name => `volumes/${name}`)]) {
  mkdirSync(`ops/image/owned/${folder}`, { recursive: true })
}
