-- +goose Up
-- What the Data Log is asked for, newest first, within a store.

-- How the store_ID of a partner's webhook compares with the store whose secret signed it: 'zero', 'wrong',
-- or empty when it is the same, is not named, or was not looked at.
ALTER TABLE webhooks ADD COLUMN store_mark text NOT NULL GENERATED ALWAYS AS (CASE
    WHEN source <> 'gofynd' OR verdict <> 'verified' OR claimed_store_id = '' THEN ''
    WHEN claimed_store_id ~ '^[+-]?0+$' THEN 'zero'
    WHEN regexp_replace(claimed_store_id, '^\+?0*', '') = store_id::text THEN ''
    ELSE 'wrong' END) STORED;

CREATE INDEX webhooks_log ON webhooks (store_id, source, received_at DESC, id DESC);
CREATE INDEX webhooks_log_event ON webhooks (store_id, event, received_at DESC, id DESC);
CREATE INDEX webhooks_log_state ON webhooks (store_id, state, received_at DESC, id DESC) WHERE state <> 'processed';
CREATE INDEX webhooks_log_mark ON webhooks (store_id, received_at DESC, id DESC) WHERE store_mark <> '';
CREATE INDEX webhooks_repeats ON webhooks (duplicate_of, id) WHERE duplicate_of IS NOT NULL;
CREATE INDEX emails_log ON emails (store_id, created_at DESC, id DESC);
CREATE INDEX operation_attempts_log ON operation_attempts (store_id, started_at DESC, id DESC);

-- +goose Down
DROP INDEX operation_attempts_log, emails_log, webhooks_repeats, webhooks_log_mark, webhooks_log_state, webhooks_log_event, webhooks_log;
ALTER TABLE webhooks DROP COLUMN store_mark;
