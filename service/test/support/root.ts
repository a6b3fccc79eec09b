import { fileURLToPath } from 'node:url'

/** The clone, as a path that ends with a slash. */
export const root = fileURLToPath(new URL('../../..', import.meta.url))
