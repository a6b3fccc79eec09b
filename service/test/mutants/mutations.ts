/** Small faults as they are made by hand: a comparison that is off by one, a condition turned round, a call that was forgotten. */
import ts from 'typescript'

export type Mutation = {
  /** Counted from 1. */
  line: number
  /** In the text of the file, from the first character on; up to, without the last. */
  start: number
  end: number
  replacement: string
}

const OPERATORS: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.LessThanToken]: '<=',
  [ts.SyntaxKind.LessThanEqualsToken]: '<',
  [ts.SyntaxKind.GreaterThanToken]: '>=',
  [ts.SyntaxKind.GreaterThanEqualsToken]: '>',
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: '!==',
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: '===',
  [ts.SyntaxKind.AmpersandAmpersandToken]: '||',
  [ts.SyntaxKind.BarBarToken]: '&&',
  [ts.SyntaxKind.PlusToken]: '-',
  [ts.SyntaxKind.MinusToken]: '+',
  [ts.SyntaxKind.AsteriskToken]: '/',
  [ts.SyntaxKind.SlashToken]: '*',
  [ts.SyntaxKind.PlusEqualsToken]: '-=',
  [ts.SyntaxKind.MinusEqualsToken]: '+=',
}

/** @returns every fault that can be made in a file, by where it begins */
export function mutationsOf(name: string, text: string): Mutation[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
  const found: Mutation[] = []
  const add = (node: ts.Node, replacement: string): void => {
    const start = node.getStart(source)
    const { line } = source.getLineAndCharacterOfPosition(start)
    found.push({ line: line + 1, start, end: node.getEnd(), replacement })
  }
  const visit = (node: ts.Node): void => {
    // Types do nothing, and what another name is imported by does not load.
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return
    mutate(node, source, add)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found.toSorted((a, b) => a.start - b.start)
}

function mutate(node: ts.Node, source: ts.SourceFile, add: (node: ts.Node, text: string) => void): void {
  const turnRound = (condition: ts.Expression) => add(condition, `!(${condition.getText(source)})`)
  if (ts.isBinaryExpression(node)) {
    const other = OPERATORS[node.operatorToken.kind]
    if (other !== undefined) add(node.operatorToken, other)
  } else if (ts.isIfStatement(node) || ts.isWhileStatement(node)) turnRound(node.expression)
  else if (ts.isConditionalExpression(node)) turnRound(node.condition)
  else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    add(node, `(${node.operand.getText(source)})`)
  } else if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, 'false')
  else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, 'true')
  else if (ts.isNumericLiteral(node)) add(node, otherNumber(node.text))
  else if (ts.isExpressionStatement(node) && isCall(node.expression)) add(node, 'void 0')
}

/** One too many where numbers count; of a limit or a time a little more or less is no fault that anyone would see. */
function otherNumber(text: string): string {
  const number = Number(text.replaceAll('_', ''))
  return `${number < 10 ? number + 1 : 0}`
}

const isCall = (expression: ts.Expression): boolean =>
  ts.isCallExpression(ts.isAwaitExpression(expression) ? expression.expression : expression)
