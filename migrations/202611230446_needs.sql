-- +goose Up
-- What needs a person now, by store and the oldest first. Few rows of any table ever do, so each of
-- these stays small however large its table grows, and counting to a thousand is one range.
CREATE INDEX order_events_waiting ON order_events (store_id, event, received_at) WHERE waiting;
CREATE INDEX operations_unknown ON operations (store_id, created_at) WHERE state = 'unknown';
CREATE INDEX operations_review ON operations (store_id, created_at) WHERE state = 'needs_review';
CREATE INDEX operations_contradicted ON operations (store_id, created_at) WHERE contradiction <> '';
CREATE INDEX operations_open ON operations (state) WHERE state NOT IN ('succeeded', 'failed', 'cancelled');
CREATE INDEX orders_missing ON orders (store_id, status_reason, date_added) WHERE status = 'missing';
CREATE INDEX webhooks_waiting ON webhooks (store_id, received_at) WHERE state = 'parked';
CREATE INDEX webhooks_failed ON webhooks (store_id, received_at) WHERE state = 'failed';
CREATE INDEX webhooks_forged ON webhooks (received_at) WHERE verdict = 'forged';
CREATE INDEX partner_updates_failed ON partner_updates (store_id, created_at) WHERE state = 'failed';
CREATE INDEX emails_needed ON emails (store_id, created_at)
    WHERE state IN ('failed', 'unknown') OR (state = 'not_sent' AND cause NOT IN ('event_off', 'no_letter', 'told_already'));

-- +goose Down
DROP INDEX order_events_waiting, operations_unknown, operations_review, operations_contradicted, operations_open, orders_missing,
    webhooks_waiting, webhooks_failed, webhooks_forged, partner_updates_failed, emails_needed;
