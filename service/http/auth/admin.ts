import type { IncomingHttpHeaders } from 'node:http'
import { Secret } from './secrets-equal.ts'

/** `absent`: nothing was offered, which is no failed attempt. `guessable`: right, and short enough to have been guessed. */
export type Verdict = 'granted' | 'guessable' | 'absent' | 'wrong'

export const ADMIN_CHALLENGE = 'Basic realm="Intent Bus", charset="UTF-8"'

const ADMIN_NAME = 'admin'

/** Who may administer: `X-Admin-Token`, or Basic `admin` and the dashboard's password. With neither configured, nobody. */
export class AdminDoor {
  readonly #token: Secret | null
  readonly #password: Secret | null

  constructor(adminSecret: string | null, dashboardPassword: string | null) {
    // An empty secret would open the door to an empty header.
    this.#token = adminSecret ? new Secret(adminSecret) : null
    this.#password = dashboardPassword ? new Secret(dashboardPassword) : null
  }

  check(headers: IncomingHttpHeaders): Verdict {
    const token = headers['x-admin-token']
    if (typeof token === 'string') return this.#token?.judge(token) ?? 'wrong'

    const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(headers.authorization ?? '')
    if (basic === null) return 'absent'
    const credentials = Buffer.from(basic[1]!, 'base64').toString('utf8')
    const colon = credentials.indexOf(':')
    if (colon === -1 || credentials.slice(0, colon) !== ADMIN_NAME) return 'wrong'
    return this.#password?.judge(credentials.slice(colon + 1)) ?? 'wrong'
  }
}

/** Who may read the metrics: the bearer token, or an admin. */
export class MetricsDoor {
  readonly #token: Secret | null
  readonly #admin: AdminDoor

  constructor(metricsToken: string | null, admin: AdminDoor) {
    this.#token = metricsToken ? new Secret(metricsToken) : null
    this.#admin = admin
  }

  check(headers: IncomingHttpHeaders): Verdict {
    const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')
    if (bearer === null) return this.#admin.check(headers)
    return this.#token?.judge(bearer[1]!) ?? 'wrong'
  }
}
