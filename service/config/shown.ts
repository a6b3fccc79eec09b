/** A refused value in an error: quoted, on one line, and not too long for it. */
export function shown(text: string): string {
  // What was put into the wrong variable, or into an address: logs are read by more people than secrets are.
  const open = text.replace(/AGE-SECRET-KEY-1\w*/gi, 'AGE-SECRET-KEY-1…').replace(/:\/\/\S*@/g, '://…@')
  return JSON.stringify(open.length > 60 ? `${open.slice(0, 60)}…` : open)
}
