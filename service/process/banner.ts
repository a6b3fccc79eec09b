import type { SecretSource } from '../config/secret-variables.ts'

export type BannerFacts = {
  version: string
  host: string
  port: number
  /** This machine's addresses on its networks; shown when the bus listens on all of them. */
  networkAddresses: readonly string[]
  database: string
  secretsFile: string
  /** Whether the secrets were made by this start. */
  secretsMade: boolean
  /** Where the master key comes from; `undefined`: the secrets file. */
  masterKey: SecretSource | undefined
  /** The same for the dashboard's password. */
  password: SecretSource | undefined
}

/** What a person who just started the bus wants to know, with a command to paste: 80 columns, unless a path is long. Holds no secret. */
export function banner(facts: BannerFacts): string {
  const url = urlOf(facts)
  const made = facts.secretsMade ? '  (made just now)' : ''
  const password = whereIs('DASHBOARD_PASSWORD', facts.password, facts.secretsFile)
  return `
  Intent Bus ${facts.version}  ${url}
${network(facts)}
${row('Data', facts.database)}
${row('Secrets', `${facts.secretsFile}${made}`)}
${row('Dashboard', `${url}/admin/dashboard`, `user admin, password ${password}`)}

  Publish a first intent, from another terminal in this directory${facts.masterKey?.from === 'variable' ? `\n  (with ${facts.masterKey.name} set there, too)` : ''}:

  ${firstIntent(facts)}

  Ctrl-C stops the bus; what it has acknowledged is on disk.

`
}

const row = (name: string, ...lines: readonly string[]): string =>
  `  ${name.padEnd(9)}  ${lines.join(`\n${' '.repeat(13)}`)}`

/** How a phone on the same network reaches the bus, and what that means. */
function network({ host, port, networkAddresses }: BannerFacts): string {
  if (host !== '0.0.0.0' && host !== '::') return ''
  const urls = networkAddresses.map(address => `http://${address}:${port}`)
  return `\n${row('Network', ...urls, 'open to everybody there, without TLS')}\n`
}

/**
 * One command of POSIX shell, in lines that are pasted together. The key is read where it is kept: it never shows in the
 * terminal or its history.
 */
export function firstIntent(facts: Pick<BannerFacts, 'host' | 'port' | 'secretsFile' | 'masterKey'>): string {
  return [
    `curl -s ${reachable(facts.host)}:${facts.port}/intent`,
    `-H "X-API-KEY: ${shellValue('BUS_SECRET', facts.masterKey, facts.secretsFile)}"`,
    `-H 'Content-Type: application/json'`,
    `-d '{"goal":"hello","payload":{"name":"world"}}'`,
  ].join(' \\\n    ')
}

/** The value of a secret, as an expansion inside double quotes. */
function shellValue(name: string, source: SecretSource | undefined, secretsFile: string): string {
  if (source?.from === 'variable') return `$${source.name}`
  if (source?.from === 'file') return `$(cat ${shellQuoted(source.path)})`
  return `$(sed -n 's/^${name}=//p' ${shellQuoted(secretsFile)})`
}

function whereIs(name: string, source: SecretSource | undefined, secretsFile: string): string {
  if (source?.from === 'variable') return `as ${source.name} says`
  return `in ${source?.from === 'file' ? source.path : `${secretsFile}, ${name}`}`
}

export function shellQuoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}

/** Where it is reached on this machine. */
export const urlOf = ({ host, port }: { host: string; port: number }): string =>
  `http://${reachable(host)}:${port}`

/** The address to use on this machine: one that listens everywhere is reached as localhost. */
function reachable(host: string): string {
  if (['127.0.0.1', '0.0.0.0', '::', '::1'].includes(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
