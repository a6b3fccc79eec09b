/** Lists that come in pages, each of which links to the next. */
import { expect } from 'vitest'
import type { Answer, Client } from './client.ts'

/** The address that the `Link` of a page names, or `null` on the last one. @param path of the list */
export function nextOf({ headers }: Answer, path: string): string | null {
  const link = headers.get('link')
  return link === null ? null : new RegExp(`^<(${path}\\?\\S+)>; rel="next"$`).exec(link)![1]!
}

/** What stands on each page, from an address on, by their links. */
export async function pagesFrom<Item>(
  client: Pick<Client, 'get'>,
  address: string,
  itemsOf: (page: Answer) => Item[],
): Promise<Item[][]> {
  const [path] = address.split('?')
  const found: Item[][] = []
  for (let next: string | null = address; next !== null; ) {
    const page = await client.get(next)
    expect(page.status).toBe(200)
    found.push(itemsOf(page))
    next = nextOf(page, path!)
  }
  return found
}
