-- +goose Up
-- Order status actions: what a change of an order's status has a payment provider do, and what came of it.

-- One version of what a store linked for a gateway. Versions are never changed.
CREATE TABLE status_rule_sets (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id      bigint NOT NULL REFERENCES stores,
    gateway       text NOT NULL,
    version       integer NOT NULL CHECK (version > 0),
    current       boolean NOT NULL DEFAULT true,
    created_by    bigint REFERENCES users,
    created_name  text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT now(),
    retired_at    timestamptz,
    UNIQUE (store_id, gateway, version)
);
CREATE UNIQUE INDEX status_rule_sets_current ON status_rule_sets (store_id, gateway) WHERE current;

-- One status linked to one action. A status never starts two actions of a gateway.
CREATE TABLE status_rules (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    set_id      bigint NOT NULL REFERENCES status_rule_sets,
    store_id    bigint NOT NULL REFERENCES stores,
    status      text NOT NULL REFERENCES order_statuses,
    action      text NOT NULL CHECK (action IN ('capture', 'cancel', 'amount_update')),
    after_done  text REFERENCES order_statuses,     -- the order gets it instead of the status that was asked for
    after_fail  text REFERENCES order_statuses,     -- null leaves the order as it was
    notify      boolean NOT NULL DEFAULT false,     -- the customer is told when it is done
    UNIQUE (set_id, status),
    CHECK (after_done <> status AND after_fail <> status)
);

-- What one change of status has one payment's provider do: made with the change, once.
CREATE TABLE status_actions (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id      bigint NOT NULL REFERENCES stores,
    order_id      bigint NOT NULL REFERENCES orders,
    payment_id    bigint NOT NULL REFERENCES payments,
    rule_id       bigint NOT NULL REFERENCES status_rules,
    history_id    bigint NOT NULL REFERENCES order_history,
    action        text NOT NULL CHECK (action IN ('capture', 'cancel', 'amount_update')),
    amount_minor  bigint,                           -- of an amount update: what the order came to
    gateway       text NOT NULL,
    from_status   text NOT NULL,                    -- what the order had when it was asked
    to_status     text NOT NULL,                    -- what was asked for: the order gets it when this is done
    to_reason     text NOT NULL DEFAULT '',
    after_done    text NOT NULL DEFAULT '',
    after_fail    text NOT NULL DEFAULT '',
    notify        boolean NOT NULL DEFAULT false,
    source        text NOT NULL CHECK (source IN ('staff', 'api', 'bulk', 'webhook', 'job')),
    actor         text NOT NULL,
    actor_id      bigint,
    actor_name    text NOT NULL DEFAULT '',
    actor_address text NOT NULL DEFAULT '',
    state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'done', 'failed', 'passed', 'dropped')),
    code          text NOT NULL DEFAULT '',
    problem       text NOT NULL DEFAULT '',
    operation_id  bigint REFERENCES operations,     -- the first of its operations
    round         integer NOT NULL DEFAULT 1,       -- Retry begins the next
    tries         integer NOT NULL DEFAULT 0,       -- of this round
    dropped_at    timestamptz,                      -- the status was changed otherwise since
    next_at       timestamptz,
    lease_until   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz,
    UNIQUE (rule_id, history_id, payment_id),
    CHECK ((state IN ('done', 'passed', 'dropped')) = (finished_at IS NOT NULL)),
    CHECK (state <> 'sent' OR operation_id IS NOT NULL)
);
CREATE INDEX status_actions_order ON status_actions (order_id, id);
CREATE INDEX status_actions_open ON status_actions (payment_id) WHERE state IN ('waiting', 'sent', 'failed');
CREATE INDEX status_actions_failed ON status_actions (store_id, created_at, id) WHERE state = 'failed';
CREATE INDEX status_actions_due ON status_actions (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX status_actions_history ON status_actions (history_id);

-- An action that has ended stays as it ended. One that failed may be tried again, or found done after all.
-- +goose StatementBegin
CREATE FUNCTION status_actions_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (OLD.state, NEW.state) IN (
        ('waiting', 'sent'), ('waiting', 'done'), ('waiting', 'failed'), ('waiting', 'dropped'), ('sent', 'done'), ('sent', 'failed'),
        ('failed', 'waiting'), ('failed', 'done'), ('failed', 'passed'), ('failed', 'dropped')) THEN
        RAISE EXCEPTION 'a status action does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER status_actions_guard BEFORE UPDATE ON status_actions FOR EACH ROW EXECUTE FUNCTION status_actions_guard();

SELECT kartify_wall(t) FROM unnest('{status_rule_sets,status_rules,status_actions}'::regclass[]) AS t;

-- Many orders changed at once: planned first, then started, then done row by row.
CREATE TABLE status_runs (
    id           text PRIMARY KEY CHECK (id ~ '^[A-Z0-9]{26}$'),
    user_id      bigint NOT NULL REFERENCES users,
    user_name    text NOT NULL,
    address      text NOT NULL DEFAULT '',
    to_status    text NOT NULL REFERENCES order_statuses,
    reason       text NOT NULL DEFAULT '',          -- of a missing order
    comment      text NOT NULL DEFAULT '',
    query        text NOT NULL DEFAULT '',          -- the list's, when all of it was chosen
    state        text NOT NULL DEFAULT 'planning' CHECK (state IN ('planning', 'planned', 'queued', 'running', 'done', 'cancelled')),
    problem      text NOT NULL DEFAULT '',
    starts_at    timestamptz,
    lease_until  timestamptz,
    next_at      timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    queued_at    timestamptz,
    finished_at  timestamptz
);
CREATE INDEX status_runs_user ON status_runs (user_id, created_at DESC);
CREATE INDEX status_runs_due ON status_runs (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE status_run_rows (
    run_id       text NOT NULL REFERENCES status_runs ON DELETE CASCADE,
    position     integer NOT NULL,
    number       bigint NOT NULL,                   -- of the order, as it was chosen
    forecast     text NOT NULL DEFAULT '' CHECK (forecast IN ('', 'call', 'status', 'skip')),
    calls        jsonb NOT NULL DEFAULT '[]',       -- what would be called
    code         text NOT NULL DEFAULT '',
    why          text NOT NULL DEFAULT '',          -- why nothing is called, or why the order is left alone
    version      integer,                           -- of the order when it was planned
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'changed', 'skipped', 'failed')),
    said         text NOT NULL DEFAULT '',
    action_ids   bigint[] NOT NULL DEFAULT '{}',
    done_at      timestamptz,
    PRIMARY KEY (run_id, position),
    UNIQUE (run_id, number)
);
CREATE INDEX status_run_rows_left ON status_run_rows (run_id, position) WHERE state = 'waiting';

-- +goose Down
DROP TABLE status_run_rows, status_runs, status_actions, status_rules, status_rule_sets;
DROP FUNCTION status_actions_guard();
