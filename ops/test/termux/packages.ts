/** What the packages of the fake Termux hold: this machine's programs, under the names that Termux gives them. */
import { cpSync, existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CACHE } from '../../../service/test/support/cache.ts'

export const FILES = '/data/data/com.termux/files'
export const PREFIX = `${FILES}/usr`
/** Where this machine is seen from inside. Nothing but the packages knows of it. */
export const MACHINE = '/machine'

const FAKE = fileURLToPath(new URL('fake/', import.meta.url))

/** In Termux from the start. */
const CORE =
  'bash dash curl tar gzip xz sed grep gawk find xargs diff cmp ps flock setsid kill less unzip sha256sum timeout'.split(
    ' ',
  )
/** Of Termux' own coreutils, or of busybox. */
const UTILITIES =
  `basename cat chmod cp cut date dd df dirname du echo env expr false head hostname id ln ls mkdir mkfifo mktemp mv
nohup nproc od printf pwd readlink realpath rm rmdir seq sha256sum sleep sort split stat stty sync tail tee test touch tr
true tty uname uniq uptime wc whoami yes`.split(/\s+/)
/** In busybox as well, where there is no other. */
const ALSO_BUSYBOX =
  'tar gzip sed grep awk find xargs diff cmp ps flock setsid kill less unzip timeout'.split(' ')
/** Part of Termux, or of its API package: what asks the phone. */
const ASKING = [
  'termux-wake-lock',
  'termux-wake-unlock',
  'termux-setup-storage',
  'termux-open-url',
  'am',
  'pm',
  'cmd',
  'getprop',
  'settings',
  'dumpsys',
  'logcat',
]
const API =
  `battery-status camera-info camera-photo clipboard-get clipboard-set location notification notification-remove sensor
sms-send telephony-deviceinfo toast torch tts-engines tts-speak vibrate volume wifi-connectioninfo`
    .split(/\s+/)
    .map(name => `termux-${name}`)

/** What each name of the compiler stands for. */
const LLVM = {
  clang: ['clang', 'cc', 'gcc'],
  'clang++': ['clang++', 'c++', 'g++'],
}
const SIMPLE: Record<string, string> = {
  binutils: 'ar as ld nm objcopy objdump ranlib readelf strip',
  'pkg-config': '?pkg-config',
  git: 'git',
  curl: 'curl',
  jq: '?jq',
  'openssl-tool': 'openssl',
  procps: 'ps pgrep pkill',
  tar: 'tar',
  libqrencode: '?qrencode',
  strace: '?strace',
}
export const NEEDED_HERE = 'bwrap nsenter runsvdir clang ccache make ar python3 dash git busybox npm'.split(
  ' ',
)
/** Where the phone keeps what its compiler made: {@link COMPILED} of this machine. */
export const CCACHE = '/ccache'
/** Outside the clone and by content: SQLite takes minutes to compile, and is the same from one run to the next. */
export const COMPILED = join(CACHE, 'ccache')

export type Userland = 'coreutils' | 'busybox'

/** Not by PATH alone, where a version manager of this machine may stand in front. */
export function programHere(name: string): string | undefined {
  const folders = ['/usr/bin', '/bin', '/usr/sbin', ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.map(folder => join(folder, name)).find(existsSync)
}

/** Where Node's headers are: an addon without a line of V8 takes those of any version. */
export function headersHere(): string | undefined {
  const node = programHere('node')
  const places = [process.env['npm_config_nodedir'], node && dirname(dirname(realpathSync(node))), '/usr']
  return places
    .filter(place => place !== undefined)
    .map(place => join(place, 'include/node'))
    .find(place => existsSync(join(place, 'node_api.h')))
}

/** Makes `$PREFIX` as a new Termux has it, with a shelf of packages that can be installed. */
export function furnish(usr: string, userland: Userland): void {
  for (const folder of [
    'bin',
    'etc/profile.d',
    'include',
    'lib/node_modules',
    'tmp',
    'var/log',
    'var/run',
    'var/service',
  ]) {
    mkdirSync(join(usr, folder), { recursive: true })
  }
  mkdirSync(join(usr, 'var/fake/answers'), { recursive: true })
  const bin = join(usr, 'bin')
  for (const name of CORE.filter(each => userland === 'coreutils' || !ALSO_BUSYBOX.includes(each)))
    put(bin, name, name)
  put(bin, 'sh', 'dash')
  if (userland === 'coreutils') put(bin, 'awk', 'gawk')
  const small = userland === 'busybox' ? [...UTILITIES, ...ALSO_BUSYBOX, 'awk'] : []
  for (const name of small) put(bin, name, 'busybox')
  if (userland === 'coreutils') for (const name of UTILITIES) put(bin, name, name)
  for (const name of ['pkg', 'apt-get']) cpSync(join(FAKE, name), join(bin, name))
  for (const name of ASKING) cpSync(join(FAKE, 'records'), join(bin, name))
  writeFileSync(join(usr, 'etc/profile'), '')
  shelve(join(usr, 'share/fake-packages'))
}

function shelve(shelf: string): void {
  const folder = (name: string, inside: string): string => {
    const path = join(shelf, name, inside)
    mkdirSync(path, { recursive: true })
    return path
  }
  for (const [name, programs] of Object.entries(SIMPLE)) {
    const bin = folder(name, 'bin')
    for (const program of programs.split(' ')) {
      const [as, of = as] = program.replace('?', '').split(':')
      if (programHere(of!) !== undefined || !program.startsWith('?')) put(bin, as!, of!)
    }
  }
  // The real compiler, which is asked only for what it has not compiled before. The paths of a release are no part of that.
  const llvm = folder('clang', 'lib/llvm')
  for (const [program, names] of Object.entries(LLVM)) {
    const settings = `CCACHE_DIR=${CCACHE} CCACHE_BASEDIR=/data CCACHE_NOHASHDIR=true`
    script(llvm, program, `${settings} exec ${inside('ccache')} ${inside(program)} "$@"`)
    for (const name of names) symlinkSync(`${PREFIX}/lib/llvm/${program}`, join(folder('clang', 'bin'), name))
  }

  // Make has a shell of its own; Termux' has Termux'.
  script(folder('make', 'bin'), 'make', `exec ${inside('make')} SHELL=${PREFIX}/bin/sh "$@"`)

  // Python knows by this that there is no /bin/sh, and that it is not its link's target that counts.
  const python = folder('python', 'bin')
  const started = `PYTHONPATH=${PREFIX}/lib/fake-python exec -a "$0" ${inside('python3')} "$@"`
  for (const name of ['python', 'python3']) script(python, name, started, 'bash')
  cpSync(join(FAKE, 'sitecustomize.py'), join(folder('python', 'lib/fake-python'), 'sitecustomize.py'))

  cpSync(join(FAKE, 'termux-services'), folder('termux-services', ''), { recursive: true })
  const services = folder('termux-services', 'bin')
  for (const program of ['runsv', 'runsvdir', 'sv', 'svlogd', 'chpst']) put(services, program, program)

  const node = `${MACHINE}${realpathSync(process.execPath)}`
  const preload = `NODE_OPTIONS="--require=${PREFIX}/lib/android.cjs \${NODE_OPTIONS:-}"`
  script(
    folder('nodejs-lts', 'bin'),
    'node',
    `case " \${NODE_OPTIONS:-} " in *android.cjs*) ;; *) export ${preload} ;; esac\nexec ${node} "$@"`,
  )
  cpSync(join(FAKE, 'android.cjs'), join(folder('nodejs-lts', 'lib'), 'android.cjs'))
  const headers = headersHere()
  if (headers !== undefined)
    cpSync(headers, join(folder('nodejs-lts', 'include'), 'node'), { recursive: true, dereference: true })

  const npm = dirname(dirname(realpathSync(programHere('npm')!)))
  symlinkSync(`${MACHINE}${npm}`, join(folder('npm', 'lib/node_modules'), 'npm'))
  script(folder('npm', 'bin'), 'npm', `exec node ${PREFIX}/lib/node_modules/npm/bin/npm-cli.js "$@"`)

  const api = folder('termux-api', 'bin')
  for (const name of API) cpSync(join(FAKE, 'records'), join(api, name))
}

const inside = (program: string): string => {
  const path = programHere(program)
  if (path === undefined) throw new Error(`${program} is not installed`)
  // Of a link, the name says what it does (clang++); what Debian's alternatives name, is named by itself.
  const real = realpathSync(path)
  const kept = basename(real).startsWith(program.slice(0, 2)) ? real : path
  return `${MACHINE}${program === 'clang++' ? join(dirname(real), 'clang++') : kept}`
}

function put(folder: string, name: string, program: string): void {
  if (!readdirSync(folder).includes(name)) symlinkSync(inside(program), join(folder, name))
}

function script(folder: string, name: string, body: string, shell = 'sh'): void {
  writeFileSync(join(folder, name), `#!${PREFIX}/bin/${shell}\n${body}\n`, { mode: 0o755 })
}
