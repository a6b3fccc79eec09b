/** What bootstrap.sh does until it has a release, and which release that is. */
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readPage } from '../../../docs/pages.ts'
import { Download } from './download.ts'
import { Pretended } from './pretended.ts'

/** As docs/phone.md has them. */
const MEND = 'bash ~/intent-bus/current/ops/termux/bootstrap.sh'

test('the line that mends sets up the release that runs, and makes no other of it', () => {
  const phone = new Pretended()
  phone.release('source')
  const first = phone.run('bash source/ops/termux/bootstrap.sh')
  expect(first).toMatchObject({ code: 0, err: '' })
  const releases = readdirSync(join(phone.bus, 'releases'))
  for (const line of [MEND, `${MEND} --from ~/intent-bus/current`, `${MEND} --from ~/intent-bus/current/`]) {
    expect(phone.run(line)).toMatchObject({ code: 0, err: '' })
  }
  expect(readdirSync(join(phone.bus, 'releases'))).toEqual(releases)
  expect(new Set(phone.setUps)).toEqual(new Set([`${releases[0]} node_sqlite=`]))
  expect(phone.setUps).toHaveLength(4)
})

test('a copy of a release that is installed is the same release, whatever was written into that', () => {
  const phone = new Pretended()
  phone.release('source')
  phone.run(
    'bash source/ops/termux/bootstrap.sh && cp -a source copy && echo node > copy/.sqlite-driver && touch -d 2020-01-01 copy',
  )
  expect(phone.run('bash copy/ops/termux/bootstrap.sh')).toMatchObject({ code: 0, err: '' })
  expect(readdirSync(join(phone.bus, 'releases'))).toHaveLength(1)
})

test('what is taken away with its data ends well, though nothing is left to look at', () => {
  const phone = new Pretended()
  phone.release('source')
  phone.run('bash source/ops/termux/bootstrap.sh')
  const gone = phone.run('bash source/ops/termux/bootstrap.sh --uninstall --delete-data')
  expect(gone).toMatchObject({ code: 0, err: '' })
  expect(existsSync(phone.bus)).toBe(false)
})

test('--node-sqlite is remembered by the lines that mend and upgrade, until --compile', () => {
  const phone = new Pretended()
  phone.release('source')
  const upgrade = 'bash source/ops/termux/bootstrap.sh'
  for (const line of [`${upgrade} --node-sqlite`, upgrade, MEND, `${MEND} --compile`, MEND]) {
    expect(phone.run(line)).toMatchObject({ code: 0, err: '' })
  }
  expect(phone.setUps.map(line => line.split('node_sqlite=')[1])).toEqual(['yes', 'yes', 'yes', '', ''])
  phone.run(`${MEND} --node-sqlite`)
  expect(phone.run(`${MEND} --dry-run`).out).toContain('SQLite         that of Node')
  expect(phone.run(`${MEND} --dry-run --compile`).out).toContain('SQLite         compiled here')
  expect(phone.run(`${MEND} --dry-run`).out).toContain('SQLite         that of Node')
})

test('the release of docs/phone.md is taken, and one that was changed after its checksum is not', () => {
  const phone = new Pretended()
  const source = phone.release('source')
  const [line] = /^git archive .*$/m.exec(readPage('phone.md'))!
  const commit = 'git init -q && git add -A && git -c user.name=a -c user.email=a@b commit -qm release'
  execFileSync('sh', ['-euc', `${commit} && ${line}`], { cwd: source })
  const taken = 'bash source/ops/termux/bootstrap.sh --from source/intent-bus.tar.gz'
  expect(phone.run(taken)).toMatchObject({ code: 0, err: '' })
  expect(phone.setUps).toHaveLength(1)
  expect(phone.run(`printf x >> source/intent-bus.tar.gz && ${taken}`).err).toContain(
    'is not what its checksum says',
  )
})

async function offered(phone: Pretended): Promise<{ download: Download; sha256: string; bytes: Buffer }> {
  const tarball = join(phone.home, 'release.tar.gz')
  execFileSync('tar', ['-czf', tarball, '-C', phone.release('source'), '.'])
  const bytes = readFileSync(tarball)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const download = await Download.of({ tarball, sha256 })
  onTestFinished(() => download.close())
  return { download, sha256, bytes }
}

test('a download that broke off is gone on with, and comes anew from a server that sends only the whole', async () => {
  const phone = new Pretended()
  const { download, sha256, bytes } = await offered(phone)
  const line = `bash source/ops/termux/bootstrap.sh --from ${download.url}`
  const broken = () => phone.write(`intent-bus/.fetched/${sha256}.part`, bytes.subarray(0, 500))
  broken()
  expect(await phone.runBeside(line)).toMatchObject({ code: 0, err: '' })
  expect(download.ranges).toEqual(['bytes=500-'])

  phone.run('rm -r intent-bus')
  broken()
  download.ignoresRanges = true
  expect(await phone.runBeside(line)).toMatchObject({ code: 0, err: expect.stringContaining('curl: (33)') })
  expect(download.ranges.slice(1)).toEqual(['bytes=500-', null])
  expect(readdirSync(join(phone.bus, 'releases'))).toHaveLength(1)
})

test('one that was killed when all had come is not asked for again', async () => {
  const phone = new Pretended()
  const { download, sha256, bytes } = await offered(phone)
  phone.write(`intent-bus/.fetched/${sha256}.part`, bytes)
  const ended = await phone.runBeside(`bash source/ops/termux/bootstrap.sh --from ${download.url}`)
  expect(ended).toMatchObject({ code: 0, err: '' })
  expect(download.ranges).toEqual([])
})

test('a disk that is full while a release is unpacked is said, once, and with room the same line goes on', () => {
  const phone = new Pretended()
  const line = `bash source/ops/termux/bootstrap.sh --from ${join(phone.home, 'source')}`
  phone.release('source')
  // There was room when it began.
  phone.command('df', 'rm "$HOME/room" 2> /dev/null && echo "x 1 1 4000000 1% /" || echo "x 1 1 3072 99% /"')
  phone.command(
    'tar',
    `case "$*" in -x*) seq -f "tar: file %g: Cannot write: No space left on device" 200 >&2; exit 2 ;; esac; exec /bin/tar "$@"`,
  )
  phone.write('room', '')
  const { code, err } = phone.run(line)
  expect(code).toBe(1)
  expect(err.match(/No space left/g)).toHaveLength(3)
  expect(err).toContain(`It stopped: ${phone.home}/source could not be unpacked.`)
  expect(err).toContain('The disk is full: 3 MiB are free. Make room (Settings, Storage), and run this again')
  expect(readdirSync(join(phone.bus, 'releases'))).toEqual(['.unpacked'])
  phone.run('rm "$PREFIX/bin/df" "$PREFIX/bin/tar"')
  expect(phone.run(line)).toMatchObject({ code: 0, err: '' })
  expect(readdirSync(join(phone.bus, 'releases'))).toHaveLength(1)
})

test('the set-up has the lock, and while it is at work nothing else is, and nothing is taken away', async () => {
  const phone = new Pretended()
  phone.release('source')
  phone.write(
    'source/ops/termux/set-up.sh',
    'echo $$ > "$HOME/pid"; cp "$bus_home/.installing/pid" "$HOME/holder"; read -r _ < "$HOME/go"',
  )
  phone.run('mkfifo go')
  const atWork = phone.runBeside('bash source/ops/termux/bootstrap.sh')
  await vi.waitUntil(() => phone.run('[ -s holder ]').code === 0, { timeout: 20_000 })
  expect(phone.read('holder')).toBe(phone.read('pid'))
  for (const options of ['', '--uninstall']) {
    const { code, err } = phone.run(`bash source/ops/termux/bootstrap.sh ${options}`)
    expect(code).toBe(1)
    expect(err).toContain(`another one is at it (process ${phone.read('pid').trim()})`)
  }
  phone.run('echo > go')
  expect(await atWork).toMatchObject({ code: 0 })
  // It was killed, or is older than this lock: nobody has it.
  expect(phone.run('bash source/ops/termux/bootstrap.sh --uninstall')).toMatchObject({ code: 0, err: '' })
  expect(readdirSync(phone.bus)).toEqual([])
})

test('uninstalled while a trial that was killed goes on, it ends that, too', async () => {
  const phone = new Pretended()
  phone.release('source')
  phone.run('bash source/ops/termux/bootstrap.sh')
  const left = spawn('sleep', ['600'], { env: { ...phone.env, BUS_DB_PATH: `${phone.bus}/.trial/bus.db` } })
  const ended = once(left, 'exit')
  onTestFinished(() => {
    left.kill('SIGKILL')
  })
  phone.write('intent-bus/.trial/bus.db', '')
  expect(phone.run(`${MEND} --uninstall`)).toMatchObject({ code: 0, err: '' })
  expect(await ended).toEqual([null, 'SIGKILL'])
  expect(readdirSync(phone.bus)).toEqual([])
})
