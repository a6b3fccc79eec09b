/**
 * The regular expressions of `sed`, `grep` and `awk` in shell scripts, put into the words of JavaScript.
 *
 * Out of reach are those that a script only puts together while it runs: a variable counts as a word here. So do `expr`
 * and `[[ =~ ]]`, which no script of this tree uses.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Found, root } from './found.ts'

/** A command with what stands quoted behind it, across lines where an awk program goes on. */
const COMMAND = /\b(sed|grep|awk)((?: +-[\w-]+(?:=\S*)?)*) +(?:'([^']*)'|"((?:[^"\\]|\\.)*)")/g

/** @param name of a script of the clone */
export function expressionsInScript(name: string): Found[] {
  const text = readFileSync(join(root, name), 'utf8')
  return [...text.matchAll(COMMAND)].flatMap(match => {
    const [, command, options = '', plain, quoted] = match
    const said = plain ?? unquoted(quoted!)
    const place = `${name}:${lineAt(text, match.index)}`
    if (command === 'awk') return inAwk(said).map(source => ({ place, source, flags: '' }))
    const extended = /-\w*[Er]/.test(options)
    if (/-\w*F/.test(options)) return []
    const patterns = command === 'grep' ? [said] : inSed(said)
    return patterns.map(pattern => ({ place, source: asJavaScript(pattern, extended), flags: '' }))
  })
}

/** @param name of an awk program of the clone */
export function expressionsInAwk(name: string): Found[] {
  const lines = readFileSync(join(root, name), 'utf8').split('\n')
  return lines.flatMap((line, i) =>
    inAwk(line).map(source => ({ place: `${name}:${i + 1}`, source, flags: '' })),
  )
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length

/** As the shell hands it on, with a word in the place of each variable. */
const unquoted = (text: string): string =>
  text.replace(/\\([\\"$`])|\$(?:\w+|\{[^}]*\}|\d)/g, (_all, escaped) => escaped ?? 'word')

const IN_SED = /(?<!\w)s([/,#|])((?:\\.|(?!\1).)*)\1(?:\\.|(?!\1).)*\1|\/((?:\\.|[^/\\])*)\//g

/** What a script of sed looks for: `s,PATTERN,…,`, and the addresses `/PATTERN/`. */
const inSed = (script: string): string[] =>
  [...script.matchAll(IN_SED)].map(([, , substituted, address]) => substituted ?? address!)

/** Where no number stands before it, or it would divide. */
const LITERAL = /(?:[(,~!{;&|]|^) *\/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\//gm
/** The texts that these functions of awk take for one. */
const TEXT = /\b(?:g?sub\(|match\([^(),"\n]*,|split\([^(),"\n]*,[^(),"\n]*,) *"((?:[^"\\\n]|\\.)+)"/g

function inAwk(program: string): string[] {
  const code = program.replace(/(?<=^|\s)#.*$/gm, '')
  const found = [...code.matchAll(LITERAL), ...code.matchAll(TEXT)]
  return found.map(([, pattern]) => asJavaScript(pattern!, true, true))
}

const CLASSES: Record<string, string> = {
  space: '\\s',
  digit: '\\d',
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  upper: 'A-Z',
  lower: 'a-z',
  cntrl: '\\x00-\\x1f',
  print: '\\x20-\\x7e',
  punct: '!-\\/:-@\\[-`{-~',
}

/**
 * @param extended `grep -E`, `awk`: `(`, `{`, `+`, `?` and `|` have a meaning without a backslash
 * @param escapes whether a backslash is one inside brackets, too, as in awk
 */
export function asJavaScript(pattern: string, extended: boolean, escapes = false): string {
  let out = ''
  for (let i = 0; i < pattern.length; i += 1) {
    const c = pattern[i]!
    if (c === '[') {
      const end = endOfBrackets(pattern, i)
      out += brackets(pattern.slice(i, end), escapes)
      i = end - 1
    } else if (c === '\\') {
      i += 1
      const next = pattern[i] ?? '\\'
      if (!extended && '(){}+?|'.includes(next)) out += next
      else out += /[\w.*[\]^$(){}+?|\\/]/.test(next) ? `\\${next}` : next
    } else {
      out += !extended && '(){}+?|'.includes(c) ? `\\${c}` : c
    }
  }
  return out
}

function endOfBrackets(pattern: string, from: number): number {
  let i = from + 1
  if (pattern[i] === '^') i += 1
  if (pattern[i] === ']') i += 1
  while (i < pattern.length && pattern[i] !== ']') {
    const inner = /^\[:\w+:\]/.exec(pattern.slice(i))
    i += inner === null ? (pattern[i] === '\\' && pattern[i + 1] === ']' ? 2 : 1) : inner[0].length
  }
  return i + 1
}

function brackets(text: string, escapes: boolean): string {
  const not = text[1] === '^' ? '^' : ''
  const inside = text
    .slice(1 + not.length, -1)
    .split(/(\[:\w+:\])/)
    .map(part => {
      const named = /^\[:(\w+):\]$/.exec(part)
      if (named !== null) return CLASSES[named[1]!]!
      return (escapes ? part : part.replaceAll('\\', '\\\\')).replace(/(?<!\\)[[\]]/g, '\\$&')
    })
    .join('')
  return `[${not}${inside}]`
}
