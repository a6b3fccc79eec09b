/** Keys of the target `hetzner` alone. */
import type { Key } from './key.ts'

export const HETZNER_KEYS = {} as const satisfies Record<string, Key<never>>
