-- +goose Up
-- A reconciliation may be asked of the gateway itself, day by day. What it said is kept as a file like any
-- other, whose sum is known once the last day is in. The same days may be asked again later; the same file
-- stays the same reconciliation.
ALTER TABLE reconciliations
    ADD COLUMN source       text NOT NULL DEFAULT 'file' CHECK (source IN ('file', 'gateway')),
    ADD COLUMN mode         text NOT NULL DEFAULT '',   -- test or live, of what was asked of the gateway
    ADD COLUMN fetched_to   timestamptz,                -- before which everything was handed out by the gateway
    ADD COLUMN fetched_rows bigint NOT NULL DEFAULT 0,
    ALTER COLUMN sha256 DROP NOT NULL,
    DROP CONSTRAINT reconciliations_store_id_sha256_key;
CREATE UNIQUE INDEX reconciliations_files ON reconciliations (store_id, sha256) WHERE source = 'file';
CREATE UNIQUE INDEX reconciliations_asked ON reconciliations (store_id, gateway, mode, days, asked_from, asked_to) WHERE source = 'gateway' AND state IN ('queued', 'running');

-- What differs, by the day of its payment, for the figures.
CREATE INDEX reconciliation_rows_days ON reconciliation_rows (store_id, (coalesce(at, opened_at))) WHERE state <> 'clean';

-- +goose Down
DROP INDEX reconciliation_rows_days, reconciliations_asked, reconciliations_files;
DELETE FROM reconciliation_rows USING reconciliations r WHERE r.id = reconciliation_id AND r.source = 'gateway';
DELETE FROM reconciliations WHERE source = 'gateway';
ALTER TABLE reconciliations
    DROP COLUMN source, DROP COLUMN mode, DROP COLUMN fetched_to, DROP COLUMN fetched_rows,
    ALTER COLUMN sha256 SET NOT NULL,
    ADD CONSTRAINT reconciliations_store_id_sha256_key UNIQUE (store_id, sha256);
