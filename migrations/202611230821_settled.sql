-- +goose Up
-- When a gateway paid out what a row of its file is about, where the file says so. A payment that is settled later
-- than five days after it was made is one range of a small index.
ALTER TABLE reconciliation_rows ADD COLUMN settled_at timestamptz;
CREATE INDEX reconciliation_rows_late ON reconciliation_rows (store_id, settled_at, ref) WHERE kind = 'payment' AND settled_at - at > interval '5 days';
CREATE INDEX reconciliation_rows_late_ref ON reconciliation_rows (ref) WHERE kind = 'payment' AND settled_at - at > interval '5 days';

-- +goose Down
DROP INDEX reconciliation_rows_late, reconciliation_rows_late_ref;
ALTER TABLE reconciliation_rows DROP COLUMN settled_at;
