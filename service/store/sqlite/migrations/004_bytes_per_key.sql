-- What a key holds is kept, so that nothing ever adds it up: payloads by lane, values by key. Both count bytes of UTF-8.
ALTER TABLE lanes ADD COLUMN open_bytes INTEGER NOT NULL DEFAULT 0;   -- of the payloads of its open intents

UPDATE lanes
SET open_bytes = found.bytes
FROM (SELECT i.lane, sum(octet_length(p.text)) AS bytes
      FROM intents i JOIN payloads p ON p.n = i.n
      WHERE i.state IN (0, 1)
      GROUP BY i.lane) AS found
WHERE lanes.id = found.lane;

CREATE TABLE value_bytes (
  key_id INTEGER PRIMARY KEY,
  bytes  INTEGER NOT NULL               -- of its values and their names
) STRICT;

INSERT INTO value_bytes (key_id, bytes)
SELECT key_id, sum(octet_length(key) + octet_length(value)) FROM key_values GROUP BY key_id;
