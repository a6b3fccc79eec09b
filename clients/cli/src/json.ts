/** JSON that comes out as it went in: a number that JavaScript would round or print anew (30 digits, `1.0`) keeps its text. */

/** What Node has and TypeScript does not know yet. */
type Reviver = (name: string, value: unknown, context: { source: string }) => unknown
const { parse, rawJSON } = JSON as unknown as {
  parse: (text: string, reviver: Reviver) => unknown
  rawJSON: (text: string) => unknown
}

/** @throws {SyntaxError} */
export function parseJson(text: string): unknown {
  return parse(text, (_name, value, { source }) =>
    typeof value === 'number' && String(value) !== source ? rawJSON(source) : value,
  )
}
