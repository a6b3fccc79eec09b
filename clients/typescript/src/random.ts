/** @returns 32 hex digits. `crypto.randomUUID` would do, but browsers have it only in pages that came over HTTPS. */
export function randomId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)))
}

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
