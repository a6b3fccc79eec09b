/** Every regular expression that TypeScript or JavaScript sources spell out. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { type Found, root } from './found.ts'

/** @param name of a file of the clone */
export function expressionsOf(name: string): Found[] {
  const text = readFileSync(join(root, name), 'utf8')
  // Parsing takes most of the time, and most files have none.
  if (!/\/[^/*\s]|RegExp/.test(text)) return []
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest)
  const found: Found[] = []
  const visit = (node: ts.Node): void => {
    const expression = literal(node) ?? constructed(node, source)
    if (expression !== null) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      found.push({ place: `${name}:${line + 1}`, ...expression })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

type Expression = Pick<Found, 'source' | 'flags'>

function literal(node: ts.Node): Expression | null {
  if (!ts.isRegularExpressionLiteral(node)) return null
  const end = node.text.lastIndexOf('/')
  return { source: node.text.slice(1, end), flags: node.text.slice(end + 1) }
}

/** `new RegExp(…)` of a text or a template, in which any word stands for what is put in. */
function constructed(node: ts.Node, source: ts.SourceFile): Expression | null {
  if (!ts.isNewExpression(node) || node.expression.getText(source) !== 'RegExp') return null
  const [pattern, flags] = node.arguments ?? []
  const text = pattern === undefined ? null : textOf(pattern)
  if (text === null) return null
  return { source: text, flags: flags !== undefined && ts.isStringLiteralLike(flags) ? flags.text : '' }
}

function textOf(node: ts.Expression): string | null {
  if (ts.isStringLiteralLike(node)) return node.text
  if (!ts.isTemplateExpression(node)) return null
  return node.head.text + node.templateSpans.map(span => `word${span.literal.text}`).join('')
}
