import type { Statement } from 'better-sqlite3'

/** The same statements, with a note of which one was last asked for: their errors do not say. */
export function traced<T extends { [name: string]: Statement }>(
  statements: T,
  texts: Readonly<Record<keyof T, string>>,
  note: (text: string) => void,
): T {
  return new Proxy(statements, {
    get(target, name) {
      if (typeof name === 'string' && name in texts) note(texts[name]!)
      return Reflect.get(target, name)
    },
  })
}
