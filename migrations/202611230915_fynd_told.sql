-- +goose Up
-- Fynd hears what became of the payments and refunds that it asked for through an extension.
ALTER TABLE partner_updates
    DROP CONSTRAINT partner_updates_kind_check,
    ADD CONSTRAINT partner_updates_kind_check CHECK (kind IN ('refund_session', 'confirm_payment', 'payment_session')),
    ADD COLUMN session_id text REFERENCES fynd_sessions,    -- of what an extension tells; null for a store's own GoFynd API
    ADD COLUMN sending_until timestamptz,                   -- while an attempt is under way: no other word of its payment or refund may pass it
    ADD CONSTRAINT partner_updates_payment_names_session CHECK (kind <> 'payment_session' OR session_id IS NOT NULL);
CREATE UNIQUE INDEX partner_updates_payment_once ON partner_updates (session_id, status, amount_minor) WHERE kind = 'payment_session';
CREATE INDEX partner_updates_session ON partner_updates (session_id, request_id, id) WHERE session_id IS NOT NULL;

ALTER TABLE fynd_refunds
    ADD COLUMN event_id bigint REFERENCES order_events ON DELETE SET NULL, -- the REFUND_INITIATED that it is in the order's list
    ADD COLUMN problem  text NOT NULL DEFAULT '',           -- why it was not carried out by itself and waits for a person
    ADD COLUMN reply    text NOT NULL DEFAULT '';           -- what Fynd was answered; the same whenever it asks again
CREATE INDEX fynd_refunds_event ON fynd_refunds (event_id);

-- +goose Down
ALTER TABLE fynd_refunds DROP COLUMN event_id, DROP COLUMN problem, DROP COLUMN reply;
DELETE FROM partner_updates WHERE session_id IS NOT NULL;
ALTER TABLE partner_updates
    DROP COLUMN session_id, DROP COLUMN sending_until,
    DROP CONSTRAINT partner_updates_kind_check,
    ADD CONSTRAINT partner_updates_kind_check CHECK (kind IN ('refund_session', 'confirm_payment'));
