/** What the bus can say: every text in its source, with what is put into it left open. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../service/test/support/root.ts'

/** Of a template, so that one that is nearly all gap does not fit everything. */
const LEAST_FIXED = 12

const LITERAL = /'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g
/** One level of braces inside is enough: what is deeper is no text for people. */
const GAP = /\$\{(?:[^{}]|\{[^{}]*\})*\}/g

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

function patterns(): RegExp[] {
  const files = globSync('service/**/*.ts', { cwd: root, exclude: ['service/test/**', 'service/bench/**'] })
  return files.flatMap(file =>
    [...readFileSync(join(root, file), 'utf8').matchAll(LITERAL)].flatMap(([, plain, template]) => {
      if (plain !== undefined) return [new RegExp(`^${escaped(plain)}$`)]
      const fixed = template!.split(GAP)
      if (fixed.join('').length < LEAST_FIXED) return []
      return [new RegExp(`^${fixed.map(escaped).join('.*')}$`)]
    }),
  )
}

let known: RegExp[] | undefined

/** Whether the source has a text that this is, or that this becomes when its gaps are filled. */
export const isSaid = (text: string): boolean => {
  known ??= patterns()
  return known.some(pattern => pattern.test(text))
}
