-- +goose Up
-- What was signed with a test secret says nothing about live money.
ALTER TABLE webhooks
    ADD COLUMN mode text NOT NULL DEFAULT '' CHECK (mode IN ('', 'test', 'live')), -- of the settings whose secret fitted; empty when both have it
    ADD COLUMN order_ref text NOT NULL DEFAULT '';                                -- the provider's id of the order a payment is for
CREATE INDEX webhooks_parked_order_ref ON webhooks (source, store_id, order_ref) WHERE state = 'parked' AND order_ref <> '';

-- Which events told the order as a whole: an older one never overwrites what a newer one said.
ALTER TABLE order_events ADD COLUMN snapshot boolean NOT NULL DEFAULT false;
CREATE INDEX order_events_webhook ON order_events (webhook_id) WHERE webhook_id IS NOT NULL;

-- +goose Down
DROP INDEX order_events_webhook;
ALTER TABLE order_events DROP COLUMN snapshot;
DROP INDEX webhooks_parked_order_ref;
ALTER TABLE webhooks DROP COLUMN order_ref, DROP COLUMN mode;
