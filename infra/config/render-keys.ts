/** Keys of the target `render` alone. */
import type { Key } from './key.ts'

export const RENDER_KEYS = {} as const satisfies Record<string, Key<never>>
