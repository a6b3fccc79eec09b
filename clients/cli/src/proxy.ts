/**
 * Node sends requests through the proxies of `http_proxy` and `https_proxy` if `NODE_USE_ENV_PROXY=1` or `--use-env-proxy` says
 * so. A proxy does not reach the loopback address of this machine, and is not to see the keys that go there.
 */
import http from 'node:http'
import { isLoopback } from './loopback.ts'

const passedBy = new Set<string>()

/**
 * From here on, requests to the host of this address go there directly, if it is this machine. Node's own list of exceptions
 * knows single addresses and names, and no `127.*`.
 */
export function passProxyBy(url: string): void {
  if (!usesProxies() || !isLoopback(url)) return
  passedBy.add(new URL(url).hostname)
  const given = process.env['no_proxy'] || process.env['NO_PROXY']
  const no_proxy = [given, ...passedBy].filter(Boolean).join(',')
  // Of Node 24.14 and 25.4. Not `process.env`: the commands of a worker get that.
  http.setGlobalProxyFromEnv?.({ ...process.env, no_proxy })
}

function usesProxies(): boolean {
  const { NODE_USE_ENV_PROXY, NODE_OPTIONS = '' } = process.env
  return (
    NODE_USE_ENV_PROXY === '1' ||
    [...process.execArgv, ...NODE_OPTIONS.split(' ')].includes('--use-env-proxy')
  )
}
