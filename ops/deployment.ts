/**
 * What the image, the compose file and the blueprint for Render say alike. They are files of other programs and cannot
 * read this one; ops/test/deployment.test.ts holds them to it.
 */
import { VARIABLES } from '../service/config/variables.ts'
import servicePackage from '../service/package.json' with { type: 'json' }

export const DEPLOYMENT = {
  version: servicePackage.version,
  /** Where a container listens; a platform may set another PORT. */
  host: '0.0.0.0',
  port: VARIABLES.PORT.default,
  /** The one place that has to stay. */
  data: '/data',
  database: '/data/bus.db',
  /** Beside it in a volume of its own, so that a disk of its own can take its place. */
  backups: '/backups',
  /** uid and gid of distroless' `nonroot`. */
  user: 65532,
  /** Whether it can be given work: for health checks that others wait for, and proxies. */
  ready: '/health/ready',
  /** Whether it answers: for a platform that restarts what fails, as a full disk is not for a restart to mend. */
  live: '/health/live',
  /** Seconds from SIGTERM to SIGKILL: more than a drain takes. */
  stopGraceSeconds: VARIABLES.BUS_DRAIN_SECONDS.default + 10,
  /** What it may take, unless told otherwise. */
  limits: { cpus: '1', memory: '512M', pids: 128 },
  /** Each has a file, or is made by the platform; none stands in a file of the repository. */
  secrets: ['BUS_SECRET', 'BUS_ADMIN_SECRET', 'DASHBOARD_PASSWORD', 'BUS_METRICS_TOKEN'],
} as const
