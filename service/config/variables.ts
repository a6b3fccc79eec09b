/** Every environment variable but the secrets. The parser, the docs table and the typo warnings all read this. */
import {
  address,
  boolean,
  choice,
  duration,
  hops,
  host,
  integer,
  path,
  pattern,
  type Variable,
} from './kinds.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const YEAR = 365 * DAY
const MIB = 1024 * 1024

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** `node`: the one that Node comes with. */
const SQLITE_DRIVERS = ['better-sqlite3', 'node'] as const

export const VARIABLES = {
  PORT: integer({
    default: 8080,
    min: 0,
    max: 65535,
    meaning: 'TCP port to listen on; 0 takes any free one.',
  }),
  HOST: host({
    default: '127.0.0.1',
    meaning:
      'Address to listen on. `0.0.0.0` opens the bus to the network; `localhost` is `127.0.0.1` and `::1`.',
  }),
  LOG_LEVEL: choice({
    of: LOG_LEVELS,
    default: 'info',
    meaning: 'The least severe log line that is written.',
  }),

  BUS_DB_PATH: path({
    default: './data/bus.db',
    meaning:
      'The database file. Its directory is the data directory, which holds the secrets too. Both are made when missing.',
  }),
  BUS_KEY_FILE: path({
    default: '',
    defaultText: '`bus.key` in the data directory',
    meaning: 'The key that seals API keys inside the database: 32 bytes as 64 hex digits. Made when missing.',
  }),

  BUS_SQLITE_DRIVER: choice({
    of: SQLITE_DRIVERS,
    default: 'better-sqlite3',
    meaning:
      'Which SQLite is used. `node` is the one that Node comes with (on Termux, that of the system), for machines that better-sqlite3 is not compiled for. It is slower and keeps the same promises.',
  }),
  BUS_SQLITE_WRITER: choice({
    of: ['thread', 'inline'],
    default: 'thread',
    meaning:
      'Where SQLite writes. `inline` does without a thread for it: less memory, for a phone; while the disk syncs the bus answers nobody.',
  }),

  BUS_TRUST_PROXY: hops({
    default: 0,
    meaning: 'How many reverse proxies stand in front; their `X-Forwarded-*` headers are believed.',
  }),
  BUS_ENFORCE_HTTPS: boolean({
    default: false,
    meaning: 'Refuse requests that came by plain HTTP, loopback ones excepted.',
  }),
  BUS_REQUIRE_SIGNATURES: boolean({
    default: false,
    meaning: 'Refuse requests without an HMAC signature.',
  }),
  BUS_REQUIRE_CLAIM_TOKEN: boolean({
    default: true,
    meaning: 'Refuse to settle without a claim token. Clients from before 2.1 need `false`.',
  }),
  BUS_ALLOW_SHORT_SECRETS: boolean({
    default: false,
    meaning:
      'Start a new data directory with secrets that are short enough to be guessed. One that has a database starts with them in any case; each start warns.',
  }),
  BUS_MAINTENANCE_MODE: boolean({
    default: false,
    meaning:
      'Answer 503 to all but admins and health checks. `true` wins over the switch of `/admin/maintenance`; `false` leaves it to that.',
  }),

  BUS_LEASE_SECONDS: integer({
    default: 60,
    min: 10,
    max: HOUR,
    meaning: 'How long a claim lasts before the intent goes back.',
  }),
  BUS_INTENT_TTL_SECONDS: integer({
    default: DAY,
    min: 1,
    max: YEAR,
    meaning: 'How long an intent waits for a worker after it is due; then it becomes a dead letter.',
  }),
  BUS_FULFILLED_RETENTION_SECONDS: integer({
    default: 7 * DAY,
    min: 1,
    max: 10 * YEAR,
    meaning: 'How long fulfilled intents and their results are kept.',
  }),
  BUS_DEAD_RETENTION_SECONDS: integer({
    default: 7 * DAY,
    min: 1,
    max: 10 * YEAR,
    meaning: 'How long dead intents and their dead letters are kept.',
  }),
  BUS_CLEANUP_INTERVAL_SECONDS: integer({
    default: 60,
    min: 1,
    max: DAY,
    meaning: 'Time between two deletions of what has outlived its retention. Leases do not wait for it.',
  }),

  BUS_MAX_PAYLOAD_BYTES: integer({
    default: 8192,
    min: 2,
    max: 16 * MIB,
    meaning: 'Largest payload, as compact JSON in UTF-8.',
  }),
  BUS_MAX_RESULT_BYTES: integer({
    default: 65536,
    min: 2,
    max: 16 * MIB,
    meaning: 'Largest result, counted the same way.',
  }),
  BUS_MAX_VALUE_BYTES: integer({
    default: 65536,
    min: 1,
    max: 16 * MIB,
    meaning: 'Largest value of `/set`.',
  }),
  BUS_MAX_DEPTH: integer({
    default: 10,
    min: 0,
    max: 30,
    meaning: 'Deepest nesting of a payload or a result; the root is 0.',
  }),
  BUS_MAX_BODY_BYTES: integer({
    default: MIB,
    min: 1024,
    max: 64 * MIB,
    meaning:
      'Largest request body. Must leave room for the three above; escaped text is up to 6 times larger.',
  }),
  BUS_MAX_BATCH_BODY_BYTES: integer({
    default: 16 * MIB,
    min: 1024,
    max: 256 * MIB,
    meaning: 'Largest body of a request that carries many items.',
  }),
  BUS_MAX_OPEN_INTENTS: integer({
    default: 2000,
    min: 1,
    max: 10_000_000,
    meaning: 'Open and claimed intents one issued API key may have.',
  }),
  BUS_RATE_LIMIT: integer({
    default: 60,
    min: 1,
    max: 1_000_000,
    meaning: 'Requests one issued API key may make per window.',
  }),
  BUS_RATE_WINDOW_SECONDS: integer({
    default: 60,
    min: 1,
    max: HOUR,
    meaning: 'That window.',
  }),
  BUS_AUTH_FAILURE_LIMIT: integer({
    default: 20,
    min: 1,
    max: 1_000_000,
    meaning:
      'Failed log-ins one address may make per minute, and eight times that of an IPv6 /48. After that, secrets under 24 characters are refused, except from clients that have logged in before. Those have the same limit each; the right secret of a client known by its address and `User-Agent` passes up to eight times the limit.',
  }),
  BUS_MAX_QUEUED: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    meaning: 'Operations that may wait for the disk at once; beyond it, 503.',
  }),
  BUS_MAX_CONNECTIONS: integer({
    default: 1024,
    min: 1,
    max: 65535,
    meaning:
      'Open connections. A further one takes the place of the one that has been idle longest, of the slowest client that has been sending a body or reading an answer for 5 s, or of a long poll, which is answered early. If there is none, it is closed at once. A quarter of them may be requests of one issued key whose bodies are still on their way; beyond it, 429.',
  }),
  BUS_MAX_CONNECTIONS_PER_ADDRESS: integer({
    default: 0,
    defaultText: 'half of `BUS_MAX_CONNECTIONS`',
    min: 0,
    max: 65535,
    meaning:
      'Open connections of one client address, or IPv6 network (/64). This machine has no such limit, and with `BUS_TRUST_PROXY` nobody has: all connections come from the proxy then.',
  }),
  BUS_MAX_LONG_POLLS_PER_KEY: integer({
    default: 0,
    defaultText: 'half of `BUS_MAX_CONNECTIONS`',
    min: 0,
    max: 65535,
    meaning:
      'Requests of one issued key that wait at once (`wait=`); beyond it, 429. The master key has no such limit.',
  }),
  BUS_MIN_FREE_DISK_BYTES: integer({
    default: 64 * MIB,
    min: 0,
    max: 2 ** 50,
    meaning:
      'Room that is kept free on the disk. With less, new intents and values get 503 `storage_full`; all else continues. Half of it, at most 32 MiB, is put by in a file beside the database.',
  }),
  BUS_MAX_KEY_BYTES: integer({
    default: 0,
    defaultText: 'a quarter of the room on the disk',
    min: 0,
    max: 2 ** 50,
    meaning:
      'What one issued API key may hold in values and open payloads, in bytes. `BUS_MAX_OPEN_INTENTS` payloads of the largest size are taken in any case.',
  }),
  BUS_DRAIN_SECONDS: integer({
    default: 10,
    min: 1,
    max: 600,
    meaning:
      'How long a stop may take to finish what has begun. After half of it, connections are closed whose clients do not send their body or read their answer.',
  }),

  BUS_BACKUP_DIR: path({
    default: '',
    defaultText: '`backups` in the data directory',
    meaning: 'Where backups go. Better on another disk.',
  }),
  BUS_BACKUP_INTERVAL: duration({
    default: 0,
    defaultText: 'none: no backups by itself',
    min: 60,
    max: 365 * DAY,
    meaning: 'Time between two backups that the bus makes by itself, counted from the last one on disk.',
  }),
  BUS_BACKUP_KEEP: duration({
    default: 7 * DAY,
    defaultText: '`7d`',
    min: 60,
    max: 10 * YEAR,
    meaning: 'How long backups are kept. The newest three that were verified stay in any case.',
  }),
  BUS_BACKUP_RECIPIENT: pattern({
    default: '',
    defaultText: 'none: not encrypted',
    pattern: /^age1[0-9a-z]+(?:\s*,\s*age1[0-9a-z]+)*$/,
    takes: 'recipients of age (`age1…`), with commas between them',
    meaning: 'Backups are encrypted for these: only who has the identity of one of them can read them.',
  }),
  BUS_BACKUP_WITH_SECRETS: boolean({
    default: false,
    meaning: '`secrets.env` and `bus.key` travel inside the backups. Encrypted ones only.',
  }),
  BUS_BACKUP_S3_URL: address({
    default: '',
    defaultText: 'none: no upload',
    meaning: 'A bucket that speaks S3, to which each backup is copied: `https://s3.example.com/my-bucket`.',
  }),
  BUS_BACKUP_S3_PREFIX: pattern({
    default: '',
    defaultText: 'none',
    pattern: /^[A-Za-z0-9_./-]{1,256}$/,
    takes: 'up to 256 of A-Z a-z 0-9 _ . / -',
    meaning: 'What stands in front of the name of a backup in the bucket: `pi/`.',
  }),
  BUS_BACKUP_S3_REGION: pattern({
    default: 'auto',
    pattern: /^[A-Za-z0-9-]{1,64}$/,
    takes: 'up to 64 of A-Z a-z 0-9 -',
    meaning: 'The region of the bucket, which requests are signed for.',
  }),
} satisfies Record<string, Variable<unknown>>

export type Values = {
  [Name in keyof typeof VARIABLES]: (typeof VARIABLES)[Name] extends Variable<infer T> ? T : never
}
