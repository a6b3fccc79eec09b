/** Every file that names the address, and how it does so. Grafana's and Prometheus' files are made from grafana/src, which reads it. */
import { packagesOf } from '../release/version-places.ts'
import type { Address } from './address.ts'

/** Stands in examples for an image that nobody has pushed yet. */
const ANY_IMAGE = 'registry.example.com/intent-bus'

type Write = (text: string, address: Address) => string

const repositoryVariable: Write = (text, { repository }) =>
  text.replace(/^REPOSITORY=.*$/gm, `REPOSITORY=${repository}`)

const FILES: Record<string, Write> = {
  'docs/on-a-server.md': repositoryVariable,
  'docs/phone.md': repositoryVariable,
  'docs/phone-worker.md': repositoryVariable,
  'docs/deploy/own-docker-host.md': (text, { image }) =>
    text.replace(/(?<=^pulumi config set image )[^@\s]+/m, image || ANY_IMAGE),
  '.env.example': (text, { image }) => text.replace(/(?<=^#BUS_IMAGE=)\S+(?=:)/m, image || ANY_IMAGE),
  'docker-bake.hcl': (text, { image }) =>
    text
      .replace(/(?<=image\.tags=)\S+(?=:)/, image || ANY_IMAGE)
      .replace(/(?<=^ {2}tags {6}= \[")[^$]+(?=:)/m, image || 'intent-bus'),
  Dockerfile: labels,
}

/** @returns what writes the address into each file, by path */
export function addressPlaces(root: string): Record<string, Write> {
  const packages = packagesOf(root).map(path => [path, metadata(path)] as const)
  return { ...FILES, ...Object.fromEntries(packages) }
}

/** The labels of the image by which a registry links to the sources. */
function labels(text: string, { repository, documentation }: Address): string {
  const made = [
    ['source', repository],
    ['documentation', documentation],
  ].flatMap(([name, value]) => (value ? [`      org.opencontainers.image.${name}="${value}" \\\n`] : []))
  return text
    .replace(/^ {6}org\.opencontainers\.image\.(?:source|documentation)=.*\n/gm, '')
    .replace(/^ {6}org\.opencontainers\.image\.licenses=.*\n/m, line => line + made.join(''))
}

/** What npm shows of a package, behind its license. */
const metadata =
  (path: string): Write =>
  (text, { repository, documentation }) => {
    const { repository: _, homepage: __, bugs: ___, ...others } = JSON.parse(text)
    const directory = path.replace(/\/?package\.json$/, '')
    const made = {
      ...(repository && {
        repository: { type: 'git', url: `git+${repository}.git`, ...(directory && { directory }) },
        bugs: `${repository}/issues`,
      }),
      ...((documentation || repository) && { homepage: documentation || repository }),
    }
    const entries = Object.entries(others)
    const at = entries.findIndex(([name]) => name === 'license') + 1
    entries.splice(at, 0, ...Object.entries(made))
    return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`
  }
