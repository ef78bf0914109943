-- +goose Up
-- E-mails to customers: what was sent, byte for byte, or the decision not to send and why.

CREATE TABLE emails (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id          bigint NOT NULL REFERENCES stores,
    order_id          bigint NOT NULL REFERENCES orders,
    partner_order_id  text NOT NULL DEFAULT '',     -- as it was then
    kind              text NOT NULL CHECK (kind IN ('event', 'resend')),
    webhook_id        bigint,                       -- of an event: which one said so
    claimed_store_id  text NOT NULL DEFAULT '',     -- store_ID of that webhook
    resend_of         bigint REFERENCES emails,
    audience          text NOT NULL DEFAULT 'customer' CHECK (audience IN ('customer', 'self')),
    requester_id      bigint REFERENCES users,      -- of a resend
    requester         text NOT NULL DEFAULT '',
    token_hash        bytea,                        -- of the form that asked for a resend
    event             text NOT NULL,                -- ORDER_PLACED
    occurrence        text NOT NULL,                -- what it tells: at most one e-mail for each of an order
    request_id        text NOT NULL DEFAULT '',
    shipment_id       text NOT NULL DEFAULT '',
    amount_minor      bigint,                       -- of a refund, in the order's currency; null when it is in doubt
    state             text NOT NULL CHECK (state IN ('not_sent', 'queued', 'sending', 'sent', 'failed', 'unknown')),
    cause             text NOT NULL DEFAULT '',     -- a word: store_zero
    why               text NOT NULL DEFAULT '',     -- a sentence
    recipient         text NOT NULL DEFAULT '',
    sender            text NOT NULL DEFAULT '',
    subject           text NOT NULL DEFAULT '',
    html_body         text NOT NULL DEFAULT '',
    text_body         text NOT NULL DEFAULT '',
    message_id        text NOT NULL DEFAULT '',
    raw               bytea,                        -- the message as it is handed over (RFC 5322)
    answer            text NOT NULL DEFAULT '',     -- of the server that took it
    server            text NOT NULL DEFAULT '',     -- host and port
    tries             integer NOT NULL DEFAULT 0,
    next_at           timestamptz,
    handing_at        timestamptz,                  -- when the server began to be given the message
    created_at        timestamptz NOT NULL DEFAULT now(),
    written_at        timestamptz,
    done_at           timestamptz,
    CHECK (state <> 'not_sent' OR cause <> ''),
    CHECK (state NOT IN ('sending', 'sent', 'unknown') OR (raw IS NOT NULL AND message_id <> '' AND recipient <> '')),
    CHECK ((kind = 'resend') = (resend_of IS NOT NULL))
);
-- One decision for each webhook, and one e-mail for each thing there is to tell.
CREATE UNIQUE INDEX emails_webhook ON emails (webhook_id) WHERE kind = 'event';
CREATE UNIQUE INDEX emails_occurrence ON emails (order_id, occurrence) WHERE kind = 'event' AND state <> 'not_sent';
CREATE UNIQUE INDEX emails_token ON emails (token_hash) WHERE token_hash IS NOT NULL;
CREATE UNIQUE INDEX emails_message ON emails (message_id) WHERE message_id <> '';
CREATE INDEX emails_order ON emails (order_id, id);
CREATE INDEX emails_newest ON emails (id DESC, store_id);
CREATE INDEX emails_store ON emails (store_id, id DESC);
CREATE INDEX emails_partner ON emails (partner_order_id, id) WHERE partner_order_id <> '';
CREATE INDEX emails_due ON emails (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX emails_trouble ON emails (store_id, id) WHERE state IN ('failed', 'unknown');

-- A message that was written is never written otherwise, one that may have arrived is never sent again, and
-- no row goes away.
-- +goose StatementBegin
CREATE FUNCTION emails_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'e-mails are not deleted' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.raw IS NOT NULL AND (NEW.raw IS DISTINCT FROM OLD.raw OR NEW.message_id <> OLD.message_id OR NEW.recipient <> OLD.recipient) THEN
        RAISE EXCEPTION 'a written e-mail is never written otherwise' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> OLD.state AND NOT (OLD.state, NEW.state) IN (
        ('queued', 'sending'), ('queued', 'not_sent'), ('queued', 'failed'), ('sending', 'queued'), ('sending', 'sent'),
        ('sending', 'failed'), ('sending', 'unknown'), ('unknown', 'sent')) THEN
        RAISE EXCEPTION 'an e-mail does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER emails_guard BEFORE UPDATE OR DELETE ON emails FOR EACH ROW EXECUTE FUNCTION emails_guard();

-- Which events mail the customer of a store; an event without a row goes by its default.
CREATE TABLE email_rules (
    store_id    bigint NOT NULL REFERENCES stores,
    event       text NOT NULL,
    mails       boolean NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (store_id, event)
);

SELECT kartify_wall(t) FROM unnest('{emails,email_rules}'::regclass[]) AS t;

-- +goose Down
DROP TABLE email_rules, emails;
DROP FUNCTION emails_guard();
