/** Lists that the bus tells in pages, each of which links to the next. */
import type { Transport } from './transport.ts'
import { camel } from './wire.ts'

/** Pages may come short of this: the bus looks at so many per call, whatever the filter. */
export const PAGE = 500

/** All items that match, newest first, page by page as they are asked for. */
export async function* pages<Item>(
  transport: Transport,
  path: string,
  access: 'key' | 'admin',
  filter: object,
): AsyncGenerator<Item, void> {
  let query: Record<string, unknown> | null = { ...filter, limit: PAGE }
  while (query !== null) {
    const { body, headers } = await transport.send({ method: 'GET', path, access, query })
    for (const item of body as object[]) yield camel(item) as Item
    query = nextPage(headers.get('link'))
  }
}

/** The query of `Link: <…>; rel="next"`. */
export function nextPage(link: string | null): Record<string, unknown> | null {
  const [, target] = /<([^<>]*)>\s*;\s*rel="?next"?/.exec(link ?? '') ?? []
  return target === undefined ? null : Object.fromEntries(new URL(target, 'http://bus').searchParams)
}
