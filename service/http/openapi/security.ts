import type { Access, Terms } from '../endpoints/definition.ts'
import type { Keywords } from '../schemas/schema.ts'

const inHeader = (name: string, description: string): Keywords => ({
  type: 'apiKey',
  in: 'header',
  name,
  description,
})

export const SECURITY_SCHEMES: Record<string, Keywords> = {
  apiKey: inHeader('X-API-KEY', 'The master key, or one that an admin issued (`tk_…`).'),
  timestamp: inHeader('X-Timestamp', 'When it was signed: unix seconds, at most 300 off.'),
  nonce: inHeader('X-Nonce', '1 to 128 visible ASCII characters, used once.'),
  signature: inHeader(
    'X-Signature',
    'HMAC-SHA256 in lowercase hex, with the API key as the secret, over the method, the canonical path, the timestamp, the nonce and the body, with a line feed between each two. The canonical path is the decoded path, and behind a `?` the query: its pairs decoded, sorted, and encoded again by RFC 3986.',
  ),
  adminToken: inHeader('X-Admin-Token', 'The admin secret.'),
  adminPassword: {
    type: 'http',
    scheme: 'basic',
    description: '`admin`, and the password of the dashboard.',
  },
  metricsToken: { type: 'http', scheme: 'bearer', description: 'The token of the metrics.' },
}

const SIGNED = { apiKey: [], timestamp: [], nonce: [], signature: [] }
const ADMIN = [{ adminToken: [] }, { adminPassword: [] }]

/** What opens a call: any one of these. */
export function securityOf(access: Access, { requireSignatures }: Terms): Keywords[] {
  switch (access) {
    case 'key':
      return requireSignatures ? [SIGNED] : [{ apiKey: [] }, SIGNED]
    case 'admin':
      return ADMIN
    case 'metrics':
      return [{ metricsToken: [] }, ...ADMIN]
    case 'open':
    case 'public':
      return []
  }
}
