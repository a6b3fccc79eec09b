/** What each call of the OpenAPI document may answer: what is its own, and what it shares with all others of its kind. */
import type { Keywords } from '../../http/schemas/schema.ts'

export type Operation = {
  /** `GET /status/{id}` */
  name: string
  method: string
  /** `/status/{id}` */
  path: string
  matches: (path: string) => boolean
  /** Statuses of success, and error codes that others which need the same credentials do without. */
  own: string[]
  /** Error codes that every one of them may answer. */
  shared: string[]
}

type Described = {
  name: string
  method: string
  path: string
  kind: string
  /** Status → the error codes with it; none where the answer has a form of its own. */
  answers: Map<string, string[]>
}

export function operationsIn(document: Keywords): Operation[] {
  const all = Object.entries(document['paths'] as Record<string, Record<string, Keywords>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, operation]): Described => {
        const answers = Object.entries(operation['responses'] as Keywords).map(
          ([status, answer]) => [status, codesOf(answer as Keywords, document)] as const,
        )
        return {
          name: `${method.toUpperCase()} ${path}`,
          method: method.toUpperCase(),
          path,
          kind: `${method} ${JSON.stringify(operation['security'])}`,
          answers: new Map(answers),
        }
      }),
  )
  const fixed = new Set(all.map(({ path }) => path))
  return all.map(({ name, method, path, kind, answers }) => {
    const alike = all.filter(other => other.kind === kind)
    const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`)
    const outcomes = [...answers].flatMap(([status, codes]) =>
      codes.length === 0
        ? [{ outcome: status, isShared: false }]
        : codes.map(code => ({
            outcome: code,
            isShared: alike.every(other => mayAnswer(other, status, code)),
          })),
    )
    return {
      name,
      method,
      path,
      matches: asked => (fixed.has(asked) ? asked === path : pattern.test(asked)),
      own: outcomes.filter(({ isShared }) => !isShared).map(({ outcome }) => outcome),
      shared: outcomes.filter(({ isShared }) => isShared).map(({ outcome }) => outcome),
    }
  })
}

/** What has a form of its own for a status names no codes, and may well mean one. */
const mayAnswer = ({ answers }: Described, status: string, code: string): boolean => {
  const codes = answers.get(status)
  return codes !== undefined && (codes.length === 0 || codes.includes(code))
}

function codesOf(answer: Keywords, document: Keywords): string[] {
  const { responses } = document['components'] as { responses: Record<string, Keywords> }
  const name = (answer['$ref'] as string | undefined)?.split('/').at(-1)
  if (name === undefined) return []
  const codes: string[] = []
  JSON.stringify(responses[name], (key, value) => {
    if (key === 'code' && Array.isArray(value?.enum)) codes.push(...value.enum)
    return value
  })
  return codes
}
