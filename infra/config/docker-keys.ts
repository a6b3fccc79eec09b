/** Keys of the targets that are a Docker: this machine's, one behind SSH, one on a machine made for it. Some are Render's too. */

import { DEPLOYMENT } from '../../ops/deployment.ts'
import { boolean, hops, integer, pattern } from '../../service/config/kinds.ts'
import { SECRETS } from '../../service/config/secret-variables.ts'
import type { VARIABLES } from '../../service/config/variables.ts'
import { DOCKER_TARGETS, key, secretKey, TARGETS, type Target } from './key.ts'
import { cores, dockerHost, domain, image, ipAddress, localPath, mebibytes } from './kinds.ts'

const port = (standard: number, meaning: string) =>
  integer({ default: standard, min: 1, max: 65535, meaning })
const docker = (example: string) => ({ targets: DOCKER_TARGETS, example })
const ownSecret = (
  meaning: string,
  of: { pattern: RegExp; takes: string; least?: number },
  targets: readonly Target[] = TARGETS,
) =>
  secretKey({
    pattern: of.pattern,
    takes: of.takes,
    ...(of.least === undefined ? {} : { least: of.least }),
    meaning,
    defaultText: 'made at the first start',
    targets,
  })

export const DOCKER_KEYS = {
  host: key(
    dockerHost({
      default: '',
      defaultText: 'the Docker here',
      meaning:
        'The Docker that runs the bus. `ssh` needs it; for `local` it is a socket other than the usual one.',
    }),
    { targets: ['local', 'ssh'], neededBy: ['ssh'], example: 'ssh://admin@bus.example.com' },
  ),
  sshKey: key(
    localPath({
      default: '',
      defaultText: "ssh's own choice",
      meaning: 'The private key that opens the host, without a passphrase, or one that an agent holds.',
    }),
    { targets: ['ssh', 'hetzner'], example: '~/.ssh/id_ed25519' },
  ),
  knownHosts: key(
    localPath({
      default: '',
      defaultText: '`~/.ssh/known_hosts`',
      meaning: "The file with the host's key. Unknown hosts are refused.",
    }),
    { targets: ['ssh'], example: '~/.ssh/known_hosts' },
  ),
  bindAddress: key(
    ipAddress({
      default: '127.0.0.1',
      meaning:
        'The address of the host on which the bus and Grafana listen, by plain HTTP: loopback, or one of a private network. With `domain` it stays as it is.',
    }),
    docker('192.168.1.10'),
  ),
  port: key(port(DEPLOYMENT.port, 'The port of the bus on that address.'), docker('8080')),
  domain: key(
    domain({
      default: '',
      defaultText: 'none: plain HTTP',
      meaning:
        'The name that points to the host. Caddy gets a certificate for it and listens on `httpPort` and `httpsPort`.',
    }),
    docker('bus.example.com'),
  ),
  trustProxy: key(
    hops({
      default: 0,
      defaultText: '0, and 1 with `domain`',
      meaning:
        'How many proxies stand before the bus, whose word about who is asking is believed: 1 with one of your own in the place of Caddy. Beside `domain` it is 1, and nothing else.',
    }),
    docker('1'),
  ),
  httpPort: key(
    port(80, 'Where Caddy sends plain HTTP on to HTTPS. A certificate takes 80 or 443.'),
    docker('80'),
  ),
  httpsPort: key(port(443, 'Where Caddy listens.'), docker('443')),
  cpus: key(cores({ default: DEPLOYMENT.limits.cpus, meaning: 'Cores that the bus may take.' }), docker('2')),
  memory: key(
    mebibytes({
      default: DEPLOYMENT.limits.memory,
      min: 256,
      max: 1024 * 1024,
      meaning: 'Memory that the bus may take.',
    }),
    docker('1G'),
  ),
  buildImage: key(
    image({
      default: '',
      defaultText: "the Dockerfile's",
      meaning: 'The image in which the bus is built, to pin it by its digest.',
    }),
    docker('node:24-trixie-slim@sha256:…'),
  ),
  baseImage: key(
    image({
      default: '',
      defaultText: "the Dockerfile's",
      meaning: 'The image that the bus is built upon, to pin it by its digest.',
    }),
    docker('gcr.io/distroless/nodejs24-debian13:nonroot@sha256:…'),
  ),
  monitoring: key(
    boolean({ default: true, meaning: 'Prometheus, Alertmanager and Grafana beside the bus.' }),
    docker('false'),
  ),
  grafanaPort: key(port(3000, 'The port of Grafana on `bindAddress`.'), docker('3000')),
  prometheusPort: key(port(9090, 'The port of Prometheus on `127.0.0.1`.'), docker('9090')),
  alertmanagerPort: key(port(9093, 'The port of Alertmanager on `127.0.0.1`.'), docker('9093')),
  prometheusRetention: key(
    pattern({
      default: '30d',
      pattern: /^\d{1,4}[hdwy]$/,
      takes: 'a number with h, d, w or y',
      meaning: 'How long Prometheus remembers.',
    }),
    docker('90d'),
  ),
  prometheusSize: key(
    pattern({
      default: '1GB',
      pattern: /^\d{1,6}[MGT]B$/,
      takes: 'a number with MB, GB or TB',
      meaning: 'How much disk Prometheus may take for that.',
    }),
    docker('5GB'),
  ),
  ntfyUrl: key(
    pattern({
      default: '',
      defaultText: 'nobody is told',
      pattern: /^https:\/\/[\w.-]+(?::\d{1,5})?\/[\w-]{1,64}$/,
      takes: 'the https:// address of a topic of ntfy',
      meaning: 'Where Grafana sends alerts. Whoever knows it can read them.',
    }),
    docker('https://ntfy.sh/a-name-that-nobody-guesses'),
  ),
  deleteData: key(
    boolean({
      default: false,
      meaning: 'Whether `pulumi destroy` takes the data along. It counts from the next `pulumi up` on.',
    }),
    { targets: TARGETS, example: 'true' },
  ),
  busSecret: ownSecret('The master API key.', SECRETS.BUS_SECRET),
  adminSecret: ownSecret('Opens `/admin/*`.', SECRETS.BUS_ADMIN_SECRET),
  dashboardPassword: ownSecret("The dashboard's, for the user `admin`.", SECRETS.DASHBOARD_PASSWORD),
  metricsToken: ownSecret('Opens `/metrics`; Prometheus has it too.', SECRETS.BUS_METRICS_TOKEN),
  grafanaPassword: ownSecret(
    "Grafana's, for the user `admin`. Read at its first start only.",
    // The bus never sees it.
    { pattern: SECRETS.DASHBOARD_PASSWORD.pattern, takes: SECRETS.DASHBOARD_PASSWORD.takes },
    DOCKER_TARGETS,
  ),
} as const

// Names and defaults of the bus's own settings stay in service/config/variables.ts.
export const RESERVED_SETTINGS = [
  'PORT',
  'HOST',
  'NODE_ENV',
  'BUS_DB_PATH',
  'BUS_TRUST_PROXY',
] as const satisfies readonly (keyof typeof VARIABLES | 'NODE_ENV')[]
