/** Writes YAML that people read: blocks for what has lines, quotes only where they are needed. */
export type Yaml = string | number | boolean | Yaml[] | { [key: string]: Yaml }

/** Nothing that another reader could take for a number, a truth or a comment. */
const PLAIN = /^(?!(?:true|false|yes|no|on|off|null|y|n)$)[A-Za-z/][\w ./-]*(?<! )$/i

/** @param comment lines above it, without the `#` */
export function yamlFile(comment: string[], value: { [key: string]: Yaml }): string {
  return `${comment.map(line => `# ${line}\n`).join('')}${lines(value).join('\n')}\n`
}

function lines(value: Yaml): string[] {
  if (Array.isArray(value)) return value.flatMap(item => itemLines(item))
  if (typeof value === 'object')
    return Object.entries(value).flatMap(([key, inner]) => entryLines(key, inner))
  return [scalar(value)]
}

function entryLines(key: string, value: Yaml): string[] {
  const name = scalar(key)
  if (typeof value === 'string' && value.includes('\n'))
    return [`${name}: |-`, ...indented(value.split('\n'))]
  if (typeof value !== 'object') return [`${name}: ${scalar(value)}`]
  const inner = lines(value)
  if (inner.length === 0) return [`${name}: ${Array.isArray(value) ? '[]' : '{}'}`]
  return [`${name}:`, ...indented(inner)]
}

function itemLines(item: Yaml): string[] {
  const [first, ...rest] = lines(item)
  return [`- ${first ?? (Array.isArray(item) ? '[]' : '{}')}`, ...indented(rest)]
}

const indented = (all: string[]): string[] => all.map(line => (line === '' ? '' : `  ${line}`))

function scalar(value: string | number | boolean): string {
  return typeof value === 'string' && !PLAIN.test(value) ? JSON.stringify(value) : `${value}`
}
