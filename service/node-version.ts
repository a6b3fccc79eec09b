/** Imported first: an older Node would fail in the middle of something, with a message about something else. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `intent-bus: this is Node ${process.versions.node}; it takes Node 22.18 or newer. In the clone, npm start brings its own.\n`,
  )
  process.exit(1)
}
