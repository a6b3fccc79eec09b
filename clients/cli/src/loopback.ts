/** @returns whether the address is one of this machine alone: `localhost`, a name under it, `127.*` or `[::1]` */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
}
