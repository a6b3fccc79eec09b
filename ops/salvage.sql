-- Puts right what a dump of a damaged bus.db left without its other half. For a new file that the dump went into:
-- docs/operations/corrupt-database.md.
BEGIN;
DELETE FROM intents WHERE n NOT IN (SELECT n FROM payloads) OR lane NOT IN (SELECT id FROM lanes);
DELETE FROM payloads WHERE n NOT IN (SELECT n FROM intents);
DELETE FROM results WHERE n NOT IN (SELECT n FROM intents);
DELETE FROM idempotency_keys WHERE intent_id NOT IN (SELECT id FROM intents);
DELETE FROM dead_letters WHERE intent NOT IN (SELECT n FROM intents WHERE state = 4);
-- Why they died is lost with their letters.
INSERT INTO dead_letters (intent, lane, attempts, reason, created_at)
  SELECT n, lane, attempts, 'Max retries exceeded', due_at FROM intents
  WHERE state = 4 AND n NOT IN (SELECT intent FROM dead_letters)
  ORDER BY due_at;
INSERT INTO meta (name, value) VALUES ('last_seen', unixepoch() * 1000) ON CONFLICT DO NOTHING;
UPDATE lanes SET
  open      = (SELECT count(*) FROM intents WHERE lane = lanes.id AND state IN (0, 1)),
  claimed   = (SELECT count(*) FROM intents WHERE lane = lanes.id AND state = 2),
  fulfilled = (SELECT count(*) FROM intents WHERE lane = lanes.id AND state = 3),
  dead      = (SELECT count(*) FROM intents WHERE lane = lanes.id AND state = 4);
-- "IBUS": without it the bus takes the file for another program's.
PRAGMA application_id = 1229083987;
COMMIT;
