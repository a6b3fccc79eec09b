-- What publishers did to their own intents leaves the trail again, or a key could fill the disk with it. What admins did stays.
CREATE INDEX audit_of_publishers ON audit (at) WHERE credential = 'api_key';
CREATE INDEX audit_of_publisher ON audit (detail ->> 'key_id', sequence) WHERE credential = 'api_key';

DROP TRIGGER audit_is_not_cut;
CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
WHEN OLD.credential IS NOT 'api_key'
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
