import { stripVTControlCharacters } from 'node:util'

/**
 * A word with the blanks behind it. What is copied from a terminal stays in one piece: a command in backticks, and one of ours
 * behind a colon, up to the end of its sentence.
 */
const PIECE = /(?:`[^`]*`|(?<=: )(?:npx )?intent-bus .*?(?=[.;,] |\.?$)|[^ ])+ */g

/**
 * Sentences in lines that fit a terminal, broken between words. What is longer than a line and has no place to break (a URL)
 * is left to the terminal, which shows it whole and copies it so.
 */
export function folded(text: string, columns: number): string {
  return text
    .split('\n')
    .map(line => (widthOf(line) <= columns ? line : foldedLine(line, columns)))
    .join('\n')
}

function foldedLine(line: string, columns: number): string {
  const indent = /^ */.exec(line)![0]
  const lines = [indent]
  let used = indent.length
  for (const [piece] of line.slice(indent.length).matchAll(PIECE)) {
    if (used > indent.length && used + widthOf(piece.trimEnd()) > columns) {
      lines.push(indent)
      used = indent.length
    }
    lines[lines.length - 1] += piece
    used += widthOf(piece)
  }
  return lines.map(each => each.trimEnd()).join('\n')
}

/** Colours take no room. */
const widthOf = (text: string): number => stripVTControlCharacters(text).length
