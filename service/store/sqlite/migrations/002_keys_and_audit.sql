-- Issued keys get a life of their own. Times are bus time in milliseconds; NULL is none, or the bus's own limit.
ALTER TABLE api_keys ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;      -- to a few minutes: it rides along with other commits
ALTER TABLE api_keys ADD COLUMN rate_limit INTEGER;        -- requests in a window
ALTER TABLE api_keys ADD COLUMN open_limit INTEGER;        -- open and claimed intents
-- Whose intents, values and leases it opens: the id of the first key of the line. NULL: it is the first itself.
ALTER TABLE api_keys ADD COLUMN identity INTEGER;
ALTER TABLE api_keys ADD COLUMN replaced_by INTEGER;       -- the id of its successor

CREATE INDEX api_keys_identity ON api_keys (identity) WHERE identity IS NOT NULL;

-- What admins did, written in the transaction that did it. at never runs backwards, so the order of both is one.
CREATE TABLE audit (
  sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
  at         INTEGER NOT NULL,
  action     TEXT NOT NULL,
  subject    TEXT,                -- the id of a key or an intent, or a namespace
  detail     TEXT NOT NULL,       -- a JSON object
  credential TEXT NOT NULL,       -- which secret opened the door
  via        TEXT NOT NULL,
  address    TEXT NOT NULL,
  request_id TEXT NOT NULL
) STRICT;

CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_action ON audit (action);

CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE sequence = NEW.sequence)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
