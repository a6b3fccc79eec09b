/**
 * Where a text stops being JSON, in the words of V8, without the excerpt of the text that it quotes: an error is read by more
 * people than a body is. A V8 that words it in another way gives less, and nothing wrong.
 */
export function jsonFault(error: SyntaxError): string {
  const { message } = error
  if (message === 'Unexpected end of JSON input') return ': it ends too early.'
  const [, what, line, column] =
    /^(.+?)(?: in JSON)? at position \d+ \(line (\d+) column (\d+)\)$/.exec(message) ?? []
  if (what !== undefined) return `: ${what} at line ${line}, column ${column}.`
  const [, token] = /^Unexpected token '(.{1,2})', /su.exec(message) ?? []
  return token === undefined ? '.' : `: Unexpected ${JSON.stringify(token)}.`
}
