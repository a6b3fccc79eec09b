import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../service/test/support/root.ts'
import { PICTURES } from './pictures.ts'

const folder = join(root, 'docs/pictures')
const KB = 1000

type Shown = { alt: string; file: string }

/** Every picture that a page shows, with the words for those who do not see it. */
const shown: Shown[] = [
  '../README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }),
]
  .filter(path => path.endsWith('.md'))
  .flatMap(page => {
    const path = join(root, 'docs', page)
    const text = readFileSync(path, 'utf8')
    const inPlain = [...text.matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)].map(([, alt, link]) => [alt!, link!])
    const inHtml = [...text.matchAll(/<img src="([^"]+)"[^>]* alt="([^"]*)">/g)].map(([, link, alt]) => [
      alt!,
      link!,
    ])
    return [...inPlain, ...inHtml].map(([alt, link]) => ({
      alt: alt!,
      file: relative(folder, join(dirname(path), link!)),
    }))
  })

/** Width and height, from the head of a lossy WebP (RFC 9649, 2.5). */
function sizeOf(file: Buffer): { width: number; height: number } {
  const kind = file.toString('latin1', 8, 16)
  if (kind === 'WEBPVP8X') return { width: file.readUIntLE(24, 3) + 1, height: file.readUIntLE(27, 3) + 1 }
  expect(kind).toBe('WEBPVP8 ')
  return { width: file.readUInt16LE(26) & 0x3fff, height: file.readUInt16LE(28) & 0x3fff }
}

test('each picture is shown by a page, and each that is shown is there', () => {
  const there = readdirSync(folder).filter(name => !name.endsWith('.ts'))
  expect(there.sort()).toEqual(Object.keys(PICTURES).sort())
  expect(new Set(shown.map(({ file }) => file))).toEqual(new Set(there))
})

test.each(shown)('$file says in words what it shows', ({ alt }) => {
  expect(alt.split(' ').length).toBeGreaterThan(6)
})

test.each(Object.entries(PICTURES))('%s is a WebP of the size that it is taken in', (name, size) => {
  expect(sizeOf(readFileSync(join(folder, name)))).toEqual(size)
})

test('all of them together have less than 200 kB', () => {
  const bytes = Object.keys(PICTURES).reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0)
  expect(bytes).toBeLessThan(200 * KB)
})
