-- +goose Up
-- What came in, as it came in; what the partner must be told; what anybody changed.

CREATE TABLE webhooks (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source            text NOT NULL,             -- 'razorpay', 'gofynd'
    store_id          bigint NOT NULL DEFAULT 0, -- whose secret fitted; 0 when none did
    claimed_store_id  text NOT NULL DEFAULT '',  -- store_ID as the payload says it
    event             text NOT NULL DEFAULT '',
    event_id          text NOT NULL DEFAULT '',
    body_sha256       bytea NOT NULL,
    body              bytea NOT NULL,            -- raw, capped
    headers           jsonb NOT NULL DEFAULT '{}',
    address           text NOT NULL DEFAULT '',
    verdict           text NOT NULL CHECK (verdict IN ('verified', 'forged', 'unreadable')),
    state             text NOT NULL CHECK (state IN ('received', 'processed', 'parked', 'duplicate', 'refused', 'failed')),
    effect            text NOT NULL DEFAULT '',  -- a sentence: what it changed, or why nothing
    partner_order_id  text NOT NULL DEFAULT '',
    payment_ref       text NOT NULL DEFAULT '',
    order_id          bigint REFERENCES orders,
    duplicate_of      bigint REFERENCES webhooks,
    tries             integer NOT NULL DEFAULT 0,
    next_at           timestamptz,
    received_at       timestamptz NOT NULL DEFAULT now(),
    processed_at      timestamptz
);
-- Only a verified first arrival takes the place of its keys: a forged one cannot shadow a genuine one.
CREATE UNIQUE INDEX webhooks_event ON webhooks (source, store_id, event_id) WHERE verdict = 'verified' AND duplicate_of IS NULL AND event_id <> '';
CREATE UNIQUE INDEX webhooks_body ON webhooks (source, store_id, body_sha256) WHERE verdict = 'verified' AND duplicate_of IS NULL;
CREATE INDEX webhooks_partner ON webhooks (partner_order_id, id) WHERE partner_order_id <> '';
CREATE INDEX webhooks_payment ON webhooks (source, store_id, payment_ref) WHERE payment_ref <> '';
CREATE INDEX webhooks_order ON webhooks (order_id, id) WHERE order_id IS NOT NULL;
CREATE INDEX webhooks_due ON webhooks (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhooks_parked ON webhooks (store_id, id) WHERE state = 'parked';

-- One thing Fynd must hear once: the outbox.
CREATE TABLE partner_updates (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id      bigint NOT NULL REFERENCES stores,
    order_id      bigint NOT NULL REFERENCES orders,
    operation_id  bigint REFERENCES operations,
    kind          text NOT NULL CHECK (kind IN ('refund_session', 'confirm_payment')),
    gid           text NOT NULL DEFAULT '',
    request_id    text NOT NULL DEFAULT '',
    status        text NOT NULL,                 -- the partner's word: refund_pending, refund_done, refund_failed
    amount_minor  bigint NOT NULL,
    currency      char(3) NOT NULL,
    state         text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'done', 'failed')),
    tries         integer NOT NULL DEFAULT 0,
    next_at       timestamptz,
    problem       text NOT NULL DEFAULT '',
    log           jsonb NOT NULL DEFAULT '[]',   -- attempts, scrubbed
    created_at    timestamptz NOT NULL DEFAULT now(),
    done_at       timestamptz
);
CREATE UNIQUE INDEX partner_updates_once ON partner_updates (operation_id, kind, status) WHERE operation_id IS NOT NULL;
CREATE INDEX partner_updates_order ON partner_updates (order_id, id);
CREATE INDEX partner_updates_due ON partner_updates (next_at) WHERE next_at IS NOT NULL;

-- The audit log: append-only, each row chained to the one before it in its store (chain 0: no store).
CREATE TABLE audit_heads (
    chain  bigint PRIMARY KEY,
    seq    bigint NOT NULL,
    hash   bytea NOT NULL
);
CREATE TABLE audit_log (
    chain        bigint NOT NULL,               -- store_id, or 0
    seq          bigint NOT NULL,
    store_id     bigint NOT NULL,               -- the same, for the wall
    at           timestamptz NOT NULL,
    actor        text NOT NULL,                 -- 'user', 'job', 'webhook', 'system', 'command'
    actor_id     bigint,
    actor_name   text NOT NULL,
    address      text NOT NULL DEFAULT '',
    action       text NOT NULL,                 -- 'refund.requested'
    object       text NOT NULL,                 -- 'payment 12'
    order_id     bigint,
    details      jsonb NOT NULL DEFAULT '{}',
    prev_hash    bytea NOT NULL,
    hash         bytea NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE INDEX audit_log_at ON audit_log (at DESC, chain, seq DESC);
CREATE INDEX audit_log_order ON audit_log (order_id) WHERE order_id IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION audit_hash(prev bytea, row_ audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(prev || convert_to(jsonb_build_array(row_.chain, row_.seq,
        to_char(row_.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), row_.actor, row_.actor_id, row_.actor_name,
        row_.address, row_.action, row_.object, row_.order_id, row_.details)::text, 'UTF8'))
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE head audit_heads;
BEGIN
    NEW.store_id := NEW.chain;
    INSERT INTO audit_heads (chain, seq, hash) VALUES (NEW.chain, 0, '\x') ON CONFLICT DO NOTHING;
    SELECT * INTO head FROM audit_heads WHERE chain = NEW.chain FOR UPDATE;
    NEW.seq := head.seq + 1;
    NEW.at := clock_timestamp();
    NEW.prev_hash := head.hash;
    NEW.hash := audit_hash(head.hash, NEW);
    UPDATE audit_heads SET seq = NEW.seq, hash = NEW.hash WHERE chain = NEW.chain;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_chain();
-- +goose StatementBegin
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'check_violation';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();

SELECT kartify_wall(t) FROM unnest('{webhooks,partner_updates}'::regclass[]) AS t;

-- Anybody may add to chain 0 (signing in, users), which belongs to no store; only those who see every store read it.
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY store_wall ON audit_log
    USING ((SELECT kartify_everything()) OR store_id = ANY ((SELECT kartify_stores())::bigint[]))
    WITH CHECK (store_id = 0 OR (SELECT kartify_everything()) OR store_id = ANY ((SELECT kartify_stores())::bigint[]));

-- +goose Down
DROP FUNCTION audit_hash(bytea, audit_log);
DROP TABLE audit_log, audit_heads, partner_updates, webhooks;
DROP FUNCTION audit_append_only();
DROP FUNCTION audit_chain();
