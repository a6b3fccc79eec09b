-- What a bus of schema 1 left on disk, at the time at which a test's clock begins.
BEGIN TRANSACTION;
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('last_seen',1800000000000.0);
CREATE TABLE api_keys (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  hash       BLOB NOT NULL UNIQUE,   -- SHA-256 of the key: what a request is looked up by
  sealed     BLOB NOT NULL,          -- the key itself, encrypted: strict mode signs with it
  prefix     TEXT NOT NULL,
  owner      TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
INSERT INTO api_keys VALUES(1,X'1bddd25a78d7e28fe42fa60881e08d9bba181f8ec1b5554486145dcd85fc7dd2',X'0167243256a9b878aa582d5f97f4f099fb9ab0390806d48e7c7187148bc4255c1512a79d4f5ce42bdb7556ea6f287da644541964429698b61ec985bffe29f5bb286e19c2b3c33d9da0fef0','tk__GZe','pi',1800000000000);
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
INSERT INTO lanes VALUES(1,'default',2,0,'orphan','','',1,0,0,0);
INSERT INTO lanes VALUES(2,'default',1,0,'open','','',1,0,0,0);
INSERT INTO lanes VALUES(3,'default',1,0,'held','','',0,1,0,0);
INSERT INTO lanes VALUES(4,'default',1,0,'done','','',0,0,1,0);
INSERT INTO lanes VALUES(5,'default',1,0,'dead','','',0,0,0,1);
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
INSERT INTO intents VALUES(1,'01a3185c500070e9b4ad0f6ceb06f70f',1,1,100,0,3,5000,1800000000000,1800000000000,1800086400000,1800086400000,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO intents VALUES(2,'01a3185c500070eabccd873f44f6a53a',2,1,100,0,3,5000,1800000000000,1800000000000,1800086400000,1800086400000,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO intents VALUES(3,'01a3185c500070ebae5883b74c00b217',3,2,100,1,3,5000,1800000000000,1800000000000,1800086400000,1800003600000,1800000000000,1,'','da7f087bf37772ef7bcf0cf275eb34eb',NULL,NULL,NULL);
INSERT INTO intents VALUES(4,'01a3185c500070eca1e4e39552286978',4,3,100,1,3,5000,1800000000000,1800000000000,1800086400000,1800000000000,1800000000000,1,'',NULL,NULL,NULL,NULL);
INSERT INTO intents VALUES(5,'01a3185c500070ed97411efe888e9794',5,4,100,0,3,5000,1800000000000,1800000000000,1800086400000,1800000000000,NULL,NULL,NULL,NULL,'Cancelled by admin',NULL,NULL);
CREATE TABLE payloads (
  n    INTEGER PRIMARY KEY,
  text TEXT NOT NULL
) STRICT;
INSERT INTO payloads VALUES(1,'{}');
INSERT INTO payloads VALUES(2,'{"file":"cat.png"}');
INSERT INTO payloads VALUES(3,'2');
INSERT INTO payloads VALUES(4,'3');
INSERT INTO payloads VALUES(5,'4');
CREATE TABLE results (
  n       INTEGER PRIMARY KEY,
  is_text INTEGER NOT NULL,
  text    TEXT NOT NULL
) STRICT;
INSERT INTO results VALUES(4,0,'{"width":64}');
CREATE TABLE dead_letters (
  n          INTEGER PRIMARY KEY,           -- newest last
  intent     INTEGER NOT NULL UNIQUE,
  lane       INTEGER NOT NULL,
  attempts   INTEGER NOT NULL,
  reason     TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
INSERT INTO dead_letters VALUES(1,5,5,0,'Cancelled by admin',1800000000000);
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
INSERT INTO idempotency_keys VALUES(1,1,'once','48cfaceff53560d2cd034803f0a335f149bb151d855e06c7d2027de6112f8386','01a3185c500070eabccd873f44f6a53a','default',1800086400000);
CREATE TABLE nonces (
  n          INTEGER PRIMARY KEY,
  key_id     INTEGER NOT NULL,
  nonce      TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  UNIQUE (key_id, nonce)
) STRICT;
INSERT INTO nonces VALUES(1,1,'seen-before',1800000660000);
CREATE TABLE key_values (
  key_id     INTEGER NOT NULL,
  key        TEXT NOT NULL,
  value      TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (key_id, key)
) STRICT, WITHOUT ROWID;
INSERT INTO key_values VALUES(1,'lamp','on',1800086400000);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('api_keys',2);
CREATE INDEX lanes_empty ON lanes (id, namespace) WHERE open = 0 AND claimed = 0 AND fulfilled = 0 AND dead = 0;
CREATE INDEX intents_ready ON intents (lane, priority DESC, run_at, attempts, n) WHERE state = 1;
CREATE INDEX intents_agenda ON intents (state, due_at);
CREATE INDEX key_values_lapse ON key_values (expires_at);
COMMIT;
PRAGMA application_id = 1229083987;
PRAGMA user_version = 1;
