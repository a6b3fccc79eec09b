import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../../service/test/support/root.ts'
import { type Address, readAddress } from '../../address/address.ts'
import { addressPlaces } from '../../address/places.ts'

const SOMEWHERE: Address = {
  repository: 'https://git.example.net/house/bus',
  documentation: 'https://git.example.net/house/bus/blob/main/docs',
  image: 'images.example.net:5000/house/bus',
}

const tracked = (pattern = '.') =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', pattern], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\0')
    .filter(path => path !== '' && lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile())

/** The clone's files as they lie there, but for what is of no matter here: it is many. */
function copyOfClone(): string {
  const copy = mkdtempSync(join(tmpdir(), 'address-'))
  onTestFinished(() => rmSync(copy, { recursive: true }))
  for (const file of tracked().filter(path => !/(^|\/)(test|results|pictures)\//.test(path))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    writeFileSync(join(copy, file), readFileSync(join(root, file)))
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

const textsOf = (folder: string, files: string[]) =>
  Object.fromEntries(files.map(file => [file, readFileSync(join(folder, file), 'utf8')]))

test.each(Object.entries(addressPlaces(root)))(
  '%s has the address of address.json (else: npm run address)',
  (path, write) => {
    const text = readFileSync(join(root, path), 'utf8')
    expect(write(text, readAddress(root))).toBe(text)
  },
)

test('npm run address writes an address everywhere, and takes it away again', () => {
  const copy = copyOfClone()
  const npm = (...args: string[]) => execFileSync('npm', args, { cwd: copy, stdio: 'pipe' })
  const made = [
    ...Object.keys(addressPlaces(root)),
    ...tracked('grafana'),
    ...tracked('ops/prometheus'),
    ...tracked('docs'),
  ].filter(path => !/(^|\/)(test|pictures)\//.test(path))
  const set = (address: Address) => writeFileSync(join(copy, 'address.json'), JSON.stringify(address))
  set({ repository: '', documentation: '', image: '' })
  npm('run', 'address')
  const empty = textsOf(copy, made)

  set(SOMEWHERE)
  npm('run', 'address')
  const { repository, documentation, image } = SOMEWHERE
  const written = textsOf(copy, made)
  for (const page of ['phone', 'phone-worker', 'on-a-server']) {
    expect(written[`docs/${page}.md`]).toContain(`\nREPOSITORY=${repository}\n`)
  }
  expect(JSON.parse(written['clients/cli/package.json']!)).toMatchObject({
    repository: { type: 'git', url: `git+${repository}.git`, directory: 'clients/cli' },
    homepage: documentation,
    bugs: `${repository}/issues`,
  })
  expect(written['Dockerfile']).toContain(`org.opencontainers.image.source="${repository}" \\\n`)
  expect(written['docker-bake.hcl']).toContain(`tags      = ["${image}:\${VERSION}"]`)
  expect(written['.env.example']).toContain(`\n#BUS_IMAGE=${image}:`)
  expect(written['docs/deploy/own-docker-host.md']).toContain(`config set image ${image}@sha256:`)
  expect(written['docs/deploy/README.md']).toContain(`${image}@sha256:`)
  const links = [...written['ops/prometheus/rules/intent-bus.yml']!.matchAll(/runbook_url: "?(\S+?)"?$/gm)]
  expect(links.length).toBeGreaterThan(10)
  expect(links.filter(([, link]) => !link!.startsWith(`${documentation}/`))).toEqual([])
  expect(written['grafana/dashboards/host.json']).toContain(`${documentation}/operations/`)

  set({ repository: '', documentation: '', image: '' })
  npm('run', 'address')
  expect(textsOf(copy, made)).toEqual(empty)
})

test.each([
  ['repository', 'git@git.example.net:house/bus.git'],
  ['repository', 'https://git.example.net/house/bus.git'],
  ['repository', 'https://git.example.net/house/bus/'],
  ['documentation', 'docs.example.net'],
  ['image', 'https://images.example.net/bus'],
  ['image', 'images.example.net/bus:latest'],
])('a wrong %s is refused: %s', (field, value) => {
  const folder = mkdtempSync(join(tmpdir(), 'address-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'address.json'), JSON.stringify({ ...SOMEWHERE, [field]: value }))
  expect(() => readAddress(folder)).toThrow(`address.json: "${field}" is "${value}"; it takes`)
})

/** Names that stand for an address and are none: what somebody pastes must not need mending inside of a line. */
const PLACEHOLDER =
  /https?:\/\/(?:YOUR|OWNER|HOST\b|USER\b|ADDRESS)|<(?:owner|you|your[- ][\w -]+|user|org|repo|repository|host)>|\bexample\/intent-bus|\bOWNER\/|\byour-(?:org|name|user|company|domain)\b/

test('no file has a placeholder where an address belongs', () => {
  const naming = tracked().flatMap(file => {
    if (/\.(?:webp|png|tgz|gz|bin|json)$/.test(file) || file.startsWith('ops/test/address/')) return []
    const found = PLACEHOLDER.exec(readFileSync(join(root, file), 'utf8'))
    return found === null ? [] : [`${file}: ${found[0]}`]
  })
  expect(naming).toEqual([])
})
