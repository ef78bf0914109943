-- +goose Up
-- Until when held money can be captured, captures that are planned before then, and holds that ran out.

-- Open authorizations whose end is not known yet. Like those whose end is known (payments_held), they are few
-- beside all payments ever made.
CREATE INDEX payments_undated ON payments (gateway, id) WHERE status = 'authorized' AND capture_before IS NULL;

-- What a store wants captured by itself: so many hours before the end of the hold, of orders in these statuses.
CREATE TABLE capture_rules (
    store_id      bigint NOT NULL REFERENCES stores,
    gateway       text NOT NULL,
    hours         integer NOT NULL CHECK (hours BETWEEN 1 AND 720),
    statuses      jsonb NOT NULL CHECK (jsonb_array_length(statuses) > 0),
    changed_by    bigint REFERENCES users,
    changed_name  text NOT NULL DEFAULT '',
    changed_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (store_id, gateway)
);

-- A capture that is to be made at a time, by a person's plan or by a store's rule.
CREATE TABLE planned_captures (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id         bigint NOT NULL REFERENCES stores,
    order_id         bigint NOT NULL REFERENCES orders,
    payment_id       bigint NOT NULL REFERENCES payments,
    at               timestamptz NOT NULL,
    capture_before   timestamptz,                   -- as it was known when this was planned
    source           text NOT NULL CHECK (source IN ('person', 'rule')),
    state            text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'done', 'failed', 'cancelled')),
    problem          text NOT NULL DEFAULT '',      -- why it failed or was cancelled, or waits longer: a sentence
    operation_id     bigint REFERENCES operations,
    planned_by       bigint REFERENCES users,
    planned_name     text NOT NULL DEFAULT '',
    planned_address  text NOT NULL DEFAULT '',
    token_hash       bytea,                         -- SHA-256 of the form's token
    tries            integer NOT NULL DEFAULT 0,
    lease_until      timestamptz,
    next_at          timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    finished_at      timestamptz,
    seen_at          timestamptz,                   -- a person has seen that it failed
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK ((state IN ('waiting', 'sending')) = (next_at IS NOT NULL)),
    CHECK (state <> 'sent' OR operation_id IS NOT NULL),
    CHECK (source = 'person' OR capture_before IS NOT NULL)
);
CREATE UNIQUE INDEX planned_captures_open ON planned_captures (payment_id) WHERE state IN ('waiting', 'sending', 'sent');
CREATE UNIQUE INDEX planned_captures_rule ON planned_captures (payment_id, capture_before) WHERE source = 'rule';
CREATE UNIQUE INDEX planned_captures_token ON planned_captures (token_hash) WHERE token_hash IS NOT NULL;
CREATE INDEX planned_captures_due ON planned_captures (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX planned_captures_sent ON planned_captures (operation_id) WHERE state = 'sent';
CREATE INDEX planned_captures_order ON planned_captures (order_id, id);
CREATE INDEX planned_captures_failed ON planned_captures (store_id, finished_at, id) WHERE state = 'failed' AND seen_at IS NULL;

-- Once it is being sent a plan cannot be cancelled, and what has ended stays as it ended.
-- +goose StatementBegin
CREATE FUNCTION planned_captures_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (OLD.state, NEW.state) IN (
        ('waiting', 'sending'), ('waiting', 'done'), ('waiting', 'failed'), ('waiting', 'cancelled'),
        ('sending', 'sent'), ('sending', 'done'), ('sending', 'failed'), ('sent', 'done'), ('sent', 'failed'), ('failed', 'done')) THEN
        RAISE EXCEPTION 'a planned capture does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER planned_captures_step BEFORE UPDATE ON planned_captures FOR EACH ROW EXECUTE FUNCTION planned_captures_step();

-- Holds that ran out without being captured, until a person has seen it.
CREATE TABLE lapsed_holds (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id    bigint NOT NULL REFERENCES stores,
    order_id    bigint NOT NULL REFERENCES orders,
    payment_id  bigint NOT NULL UNIQUE REFERENCES payments,
    minor       bigint NOT NULL,
    currency    char(3) NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz
);
CREATE INDEX lapsed_holds_open ON lapsed_holds (store_id, since, id) WHERE seen_at IS NULL;
CREATE INDEX lapsed_holds_order ON lapsed_holds (order_id);

-- When the provider was asked about a hold that should have run out.
CREATE TABLE lapse_checks (
    payment_id  bigint PRIMARY KEY REFERENCES payments,
    store_id    bigint NOT NULL REFERENCES stores,
    asked       integer NOT NULL DEFAULT 1,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    next_at     timestamptz NOT NULL,
    said        text NOT NULL DEFAULT ''
);

SELECT kartify_wall(t) FROM unnest('{capture_rules,planned_captures,lapsed_holds,lapse_checks}'::regclass[]) AS t;

-- A planned capture is a source of operations of its own.
ALTER TABLE operations DROP CONSTRAINT operations_source_check,
    ADD CONSTRAINT operations_source_check CHECK (source IN ('staff', 'api', 'status', 'plan', 'provider'));

-- +goose Down
UPDATE operations SET source = 'staff' WHERE source = 'plan';
ALTER TABLE operations DROP CONSTRAINT operations_source_check,
    ADD CONSTRAINT operations_source_check CHECK (source IN ('staff', 'api', 'status', 'provider'));
DROP TABLE lapse_checks, lapsed_holds, planned_captures, capture_rules;
DROP FUNCTION planned_captures_step();
DROP INDEX payments_undated;
