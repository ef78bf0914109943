-- +goose Up
-- Payments and what is done with their money. The database itself refuses counters that do not add up
-- and steps that do not exist, whatever the program believes.

-- One version of what a store entered for a gateway. An operation keeps the version it was sent with.
CREATE TABLE gateway_settings (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id    bigint NOT NULL REFERENCES stores,
    gateway     text NOT NULL,
    mode        text NOT NULL CHECK (mode IN ('test', 'live')),
    version     integer NOT NULL,
    current     boolean NOT NULL DEFAULT true,
    enabled     boolean NOT NULL DEFAULT true,
    values      jsonb NOT NULL DEFAULT '{}',   -- what may be shown
    secrets     jsonb NOT NULL DEFAULT '{}',   -- slug → sealed text
    created_by  bigint REFERENCES users,
    created_at  timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz,
    UNIQUE (store_id, gateway, mode, version)
);
CREATE UNIQUE INDEX gateway_settings_current ON gateway_settings (store_id, gateway, mode) WHERE current;

CREATE TABLE payments (
    id                      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id                bigint NOT NULL REFERENCES orders,
    store_id                bigint NOT NULL REFERENCES stores,
    gateway                 text NOT NULL,
    mode                    text NOT NULL CHECK (mode IN ('test', 'live')),
    ref                     text,                 -- the provider's id: pay_…
    order_ref               text NOT NULL DEFAULT '',
    status                  text NOT NULL CHECK (status IN ('pending', 'authorized', 'obtained', 'canceled', 'failed', 'success', 'stuck', 'refunding', 'refunded', 'partially_refunded')),
    provider_status         text NOT NULL DEFAULT '', -- the provider's own word
    method                  text NOT NULL DEFAULT '',
    currency                char(3) NOT NULL,
    amount_minor            bigint NOT NULL CHECK (amount_minor >= 0), -- asked of the buyer
    authorized_minor        bigint NOT NULL DEFAULT 0,
    captured_minor          bigint NOT NULL DEFAULT 0 CHECK (captured_minor >= 0),
    capture_reserved_minor  bigint NOT NULL DEFAULT 0 CHECK (capture_reserved_minor >= 0),
    refunded_minor          bigint NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
    refund_reserved_minor   bigint NOT NULL DEFAULT 0 CHECK (refund_reserved_minor >= 0),
    voided_at               timestamptz,
    capture_before          timestamptz,
    card_first6             text NOT NULL DEFAULT '' CHECK (card_first6 ~ '^([0-9]{6})?$'),
    card_last4              text NOT NULL DEFAULT '' CHECK (card_last4 ~ '^([0-9]{4})?$'),
    card_network            text NOT NULL DEFAULT '',
    rrn                     text NOT NULL DEFAULT '',
    params                  jsonb NOT NULL DEFAULT '{}',
    fiscal                  jsonb NOT NULL DEFAULT '{}',
    refunding_since         timestamptz,
    version                 integer NOT NULL DEFAULT 1,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payments_capture_fits CHECK (captured_minor + capture_reserved_minor <= authorized_minor),
    CONSTRAINT payments_refund_fits CHECK (refunded_minor + refund_reserved_minor <= captured_minor),
    CONSTRAINT payments_void_or_capture CHECK (NOT (voided_at IS NOT NULL AND captured_minor > 0))
) WITH (fillfactor = 85);
CREATE INDEX payments_order ON payments (order_id);
CREATE UNIQUE INDEX payments_ref ON payments (store_id, gateway, ref) WHERE ref IS NOT NULL;
CREATE INDEX payments_order_ref ON payments (store_id, gateway, order_ref) WHERE order_ref <> '';
CREATE INDEX payments_rrn ON payments (rrn) WHERE rrn <> '';

CREATE TABLE operations (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id         bigint NOT NULL REFERENCES stores,
    order_id         bigint NOT NULL REFERENCES orders,
    payment_id       bigint NOT NULL REFERENCES payments,
    kind             text NOT NULL CHECK (kind IN ('refund', 'capture', 'void', 'amount_update', 'confirm')),
    source           text NOT NULL CHECK (source IN ('staff', 'api', 'status', 'provider')), -- provider: done in the provider's own portal
    amount_minor     bigint NOT NULL CHECK (amount_minor > 0),
    currency         char(3) NOT NULL,
    lines            jsonb NOT NULL DEFAULT '[]',
    reason           text NOT NULL DEFAULT '',
    note             text NOT NULL DEFAULT '',
    requested_by     bigint REFERENCES users,
    requester        text NOT NULL,          -- the name shown
    approved_by      bigint REFERENCES users,
    event_id         bigint REFERENCES order_events, -- the REFUND_INITIATED this answers
    token_hash       bytea,                  -- SHA-256 of the form's token
    digest           bytea NOT NULL,         -- SHA-256 of what was asked, to tell a repeat from a change
    idempotency_key  text NOT NULL CHECK (idempotency_key ~ '^[A-Za-z0-9_-]{10,40}$'),
    settings_id      bigint REFERENCES gateway_settings,
    state            text NOT NULL CHECK (state IN ('awaiting_approval', 'queued', 'dispatching', 'pending', 'succeeded', 'failed', 'unknown', 'needs_review', 'cancelled')),
    attempts         integer NOT NULL DEFAULT 0,
    lookups          integer NOT NULL DEFAULT 0,
    lease_until      timestamptz,
    next_at          timestamptz,            -- when the next automatic step is due
    first_sent_at    timestamptz,
    ref              text NOT NULL DEFAULT '', -- the provider's id of it: rfnd_…
    word             text NOT NULL DEFAULT '', -- the provider's status word
    reference        text NOT NULL DEFAULT '', -- ARN, RRN or UTR
    problem          text NOT NULL DEFAULT '', -- a sentence for the person at the screen
    contradiction    text NOT NULL DEFAULT '', -- the provider said the opposite of a final state: for a person to see
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    finished_at      timestamptz
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX operations_token ON operations (token_hash) WHERE token_hash IS NOT NULL;
CREATE UNIQUE INDEX operations_key ON operations (store_id, idempotency_key);
CREATE UNIQUE INDEX operations_ref ON operations (payment_id, kind, ref) WHERE ref <> '';
CREATE INDEX operations_payment ON operations (payment_id, id);
CREATE INDEX operations_order ON operations (order_id, id);
CREATE INDEX operations_due ON operations (next_at) WHERE next_at IS NOT NULL;
ALTER TABLE order_history ADD FOREIGN KEY (operation_id) REFERENCES operations;

CREATE TABLE operation_attempts (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation_id  bigint NOT NULL REFERENCES operations,
    store_id      bigint NOT NULL REFERENCES stores,
    n             integer NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('send', 'lookup', 'webhook')),
    outcome       text NOT NULL DEFAULT '',  -- empty while it runs; then a state or a kind of error
    detail        text NOT NULL DEFAULT '',
    http_status   integer NOT NULL DEFAULT 0,
    exchanges     jsonb NOT NULL DEFAULT '[]', -- requests and answers, scrubbed
    started_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz,
    UNIQUE (operation_id, n)
);

-- The steps an operation may take. failed → succeeded exists for a provider that changes its mind;
-- only the evidence path of the program takes it, and it raises an alert.
-- +goose StatementBegin
CREATE FUNCTION operations_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (
        ('awaiting_approval', 'queued'), ('awaiting_approval', 'cancelled'),
        ('queued', 'dispatching'), ('queued', 'cancelled'), ('queued', 'needs_review'),
        ('queued', 'pending'), ('queued', 'succeeded'), ('queued', 'failed'), -- a webhook after a crash may be first
        ('dispatching', 'queued'), ('dispatching', 'pending'), ('dispatching', 'succeeded'), ('dispatching', 'failed'),
        ('dispatching', 'unknown'), ('dispatching', 'needs_review'),
        ('unknown', 'queued'), ('unknown', 'dispatching'), ('unknown', 'pending'), ('unknown', 'succeeded'), ('unknown', 'failed'), ('unknown', 'needs_review'),
        ('pending', 'succeeded'), ('pending', 'failed'), ('pending', 'needs_review'),
        ('needs_review', 'pending'), ('needs_review', 'succeeded'), ('needs_review', 'failed'), ('needs_review', 'unknown'),
        ('failed', 'succeeded'), ('succeeded', 'failed')
    ) THEN
        RAISE EXCEPTION 'an operation cannot go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER operations_step BEFORE UPDATE OF state ON operations FOR EACH ROW EXECUTE FUNCTION operations_step();

-- +goose StatementBegin
CREATE FUNCTION money_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER payments_stay BEFORE DELETE ON payments FOR EACH ROW EXECUTE FUNCTION money_stays();
CREATE TRIGGER operations_stay BEFORE DELETE ON operations FOR EACH ROW EXECUTE FUNCTION money_stays();
CREATE TRIGGER operation_attempts_stay BEFORE DELETE ON operation_attempts FOR EACH ROW EXECUTE FUNCTION money_stays();

SELECT kartify_wall(t) FROM unnest('{gateway_settings,payments,operations,operation_attempts}'::regclass[]) AS t;

-- +goose Down
ALTER TABLE order_history DROP CONSTRAINT order_history_operation_id_fkey;
DROP TABLE operation_attempts, operations, payments, gateway_settings;
DROP FUNCTION operations_step();
DROP FUNCTION money_stays();
