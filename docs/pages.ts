/** The pages of docs/, by their paths in it. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const pathOf = (page: string): string => fileURLToPath(new URL(page, import.meta.url))

export const readPage = (page: string): string => readFileSync(pathOf(page), 'utf8')
