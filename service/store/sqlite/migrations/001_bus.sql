-- Seconds do not occur here: every time is bus time in milliseconds.

-- What the bus must know of itself between two runs, by name.
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- id is never used again (AUTOINCREMENT), or a new key would inherit a revoked one's intents. 0 is the master key.
CREATE TABLE api_keys (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  hash       BLOB NOT NULL UNIQUE,   -- SHA-256 of the key: what a request is looked up by
  sealed     BLOB NOT NULL,          -- the key itself, encrypted: strict mode signs with it
  prefix     TEXT NOT NULL,
  owner      TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- One row per distinct route. The tallies are kept by each commit, so that nothing ever counts intents.
CREATE TABLE lanes (
  id                  INTEGER PRIMARY KEY,
  namespace           TEXT NOT NULL,
  publisher           INTEGER NOT NULL,
  public              INTEGER NOT NULL,
  goal                TEXT NOT NULL,
  target_worker       TEXT NOT NULL,        -- '' when any worker will do
  required_capability TEXT NOT NULL,        -- '' when none is required
  open                INTEGER NOT NULL DEFAULT 0,
  claimed             INTEGER NOT NULL DEFAULT 0,
  fulfilled           INTEGER NOT NULL DEFAULT 0,
  dead                INTEGER NOT NULL DEFAULT 0,
  UNIQUE (namespace, publisher, public, goal, target_worker, required_capability)
) STRICT;

CREATE INDEX lanes_empty ON lanes (id, namespace) WHERE open = 0 AND claimed = 0 AND fulfilled = 0 AND dead = 0;

-- The moving part of an intent, kept slim: every move rewrites this row, none rewrites its payload.
-- n grows with each publish, so it orders as (created_at, id) do.
CREATE TABLE intents (
  n             INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  lane          INTEGER NOT NULL,
  state         INTEGER NOT NULL,           -- 0 delayed, 1 ready, 2 claimed, 3 fulfilled, 4 dead
  priority      INTEGER NOT NULL,
  attempts      INTEGER NOT NULL DEFAULT 0,
  max_attempts  INTEGER NOT NULL,
  backoff_ms    INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  run_at        INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL,
  due_at        INTEGER NOT NULL,           -- when time next moves it; see agenda
  claimed_at    INTEGER,
  claimer       INTEGER,
  worker_id     TEXT,
  token         TEXT,
  last_error    TEXT,
  progress      REAL,                       -- percent, as the worker of the present attempt says
  progress_message TEXT
) STRICT;

-- The order of claims within a lane. Only ready work is in it.
CREATE INDEX intents_ready ON intents (lane, priority DESC, run_at, attempts, n) WHERE state = 1;

-- All that time moves, in one index: due_at is run_at while delayed, expires_at while ready, the end of the lease
-- while claimed, and the moment of completion once terminal (retention counts from there).
CREATE INDEX intents_agenda ON intents (state, due_at);

CREATE TABLE payloads (
  n    INTEGER PRIMARY KEY,
  text TEXT NOT NULL
) STRICT;

CREATE TABLE results (
  n       INTEGER PRIMARY KEY,
  is_text INTEGER NOT NULL,
  text    TEXT NOT NULL
) STRICT;

CREATE TABLE dead_letters (
  n          INTEGER PRIMARY KEY,           -- newest last
  intent     INTEGER NOT NULL UNIQUE,
  lane       INTEGER NOT NULL,
  attempts   INTEGER NOT NULL,
  reason     TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Rows of these two are written in the order in which they lapse, near enough: the prune reads them from the front.
CREATE TABLE idempotency_keys (
  n           INTEGER PRIMARY KEY,
  key_id      INTEGER NOT NULL,
  key         TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  intent_id   TEXT NOT NULL,
  namespace   TEXT NOT NULL,
  expires_at  INTEGER NOT NULL,
  UNIQUE (key_id, key)
) STRICT;

CREATE TABLE nonces (
  n          INTEGER PRIMARY KEY,
  key_id     INTEGER NOT NULL,
  nonce      TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  UNIQUE (key_id, nonce)
) STRICT;

CREATE TABLE key_values (
  key_id     INTEGER NOT NULL,
  key        TEXT NOT NULL,
  value      TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (key_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_values_lapse ON key_values (expires_at);

INSERT INTO meta (name, value) VALUES ('last_seen', 0);
