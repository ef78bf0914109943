-- +goose Up
-- Orders whose money and whose state disagree: each way is one small index, however large its table grows.
CREATE INDEX orders_missing_age ON orders (store_id, date_added, id) WHERE status = 'missing';
CREATE INDEX orders_pending_age ON orders (store_id, date_added, id) WHERE status = 'pending' AND gateway <> 'cod';
CREATE INDEX payments_stuck ON payments (store_id, created_at, id) WHERE status = 'stuck';
CREATE INDEX payments_refunding ON payments (store_id, refunding_since, id) WHERE status = 'refunding';
CREATE INDEX payments_held ON payments (store_id, capture_before, id) WHERE status = 'authorized' AND capture_before IS NOT NULL;
CREATE INDEX partner_updates_open ON partner_updates (store_id, created_at, id) WHERE state <> 'done';
DROP INDEX partner_updates_failed;

-- Orders that failed or were cancelled while money of theirs is with the store. Whoever changes either side keeps it true.
CREATE TABLE limbo_paid (
    order_id  bigint PRIMARY KEY REFERENCES orders ON DELETE CASCADE,
    store_id  bigint NOT NULL REFERENCES stores,
    since     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX limbo_paid_age ON limbo_paid (store_id, since, order_id);

-- +goose StatementBegin
CREATE FUNCTION limbo_paid_weigh(ids bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH weighed AS (
        SELECT o.id, o.store_id, o.status IN ('failed', 'cancelled') AND EXISTS (
            SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.captured_minor > p.refunded_minor) AS paid
        FROM orders o WHERE o.id = ANY (ids)
    ), gone AS (
        DELETE FROM limbo_paid l USING weighed w WHERE l.order_id = w.id AND NOT w.paid
    )
    INSERT INTO limbo_paid (order_id, store_id) SELECT id, store_id FROM weighed WHERE paid ON CONFLICT DO NOTHING
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION limbo_paid_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM limbo_paid_weigh(ARRAY[NEW.id]);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
-- An order's status may change beside a payment of it: whoever comes second sees what the first one did, because
-- both hold the order.
-- +goose StatementBegin
CREATE FUNCTION limbo_paid_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM orders WHERE id = NEW.order_id FOR NO KEY UPDATE;
    PERFORM limbo_paid_weigh(ARRAY[NEW.order_id]);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION limbo_paid_payments() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    SELECT array_agg(DISTINCT o.id) INTO ids FROM added p JOIN orders o ON o.id = p.order_id
    WHERE p.captured_minor > p.refunded_minor AND o.status IN ('failed', 'cancelled');
    IF ids IS NOT NULL THEN
        PERFORM limbo_paid_weigh(ids);
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER limbo_paid_order AFTER UPDATE OF status ON orders FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND (OLD.status IN ('failed', 'cancelled') OR NEW.status IN ('failed', 'cancelled')))
    EXECUTE FUNCTION limbo_paid_order();
CREATE TRIGGER limbo_paid_payment AFTER UPDATE OF captured_minor, refunded_minor ON payments FOR EACH ROW
    WHEN ((OLD.captured_minor > OLD.refunded_minor) <> (NEW.captured_minor > NEW.refunded_minor))
    EXECUTE FUNCTION limbo_paid_payment();
CREATE TRIGGER limbo_paid_payments AFTER INSERT ON payments REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    EXECUTE FUNCTION limbo_paid_payments();
SELECT set_config('kartify.stores', '*', true);
INSERT INTO limbo_paid (order_id, store_id, since)
SELECT o.id, o.store_id, o.date_modified FROM orders o WHERE o.status IN ('failed', 'cancelled')
    AND EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.captured_minor > p.refunded_minor);

-- Who looks after a row of the board.
CREATE TABLE limbo_claims (
    kind       text NOT NULL,
    record_id  bigint NOT NULL,
    store_id   bigint NOT NULL REFERENCES stores,
    user_id    bigint NOT NULL REFERENCES users,
    user_name  text NOT NULL,
    taken_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, record_id)
);

-- When the gateways of an order's payments were last asked about it, and what came of it.
CREATE TABLE order_checks (
    order_id    bigint PRIMARY KEY REFERENCES orders ON DELETE CASCADE,
    store_id    bigint NOT NULL REFERENCES stores,
    checked_at  timestamptz NOT NULL DEFAULT now(),
    said        text NOT NULL DEFAULT ''
);

-- How much was in limbo on each day, as the store's clocks have it.
CREATE TABLE limbo_days (
    store_id  bigint NOT NULL REFERENCES stores,
    day       date NOT NULL,
    kind      text NOT NULL,
    currency  text NOT NULL,
    n         bigint NOT NULL,
    minor     bigint NOT NULL,
    PRIMARY KEY (store_id, day, kind, currency)
);

-- Who hears by e-mail of what is new in limbo, and how often at most.
CREATE TABLE limbo_alerts (
    store_id       bigint PRIMARY KEY REFERENCES stores,
    mails          boolean NOT NULL DEFAULT false,
    address        text NOT NULL DEFAULT '',   -- empty: the owners and finance people who see the store
    every_minutes  integer NOT NULL DEFAULT 60 CHECK (every_minutes BETWEEN 5 AND 1440),
    sent_at        timestamptz,
    problem        text NOT NULL DEFAULT ''
);

-- What has been told of by e-mail. It goes when the row leaves the board.
CREATE TABLE limbo_told (
    store_id   bigint NOT NULL REFERENCES stores,
    kind       text NOT NULL,
    record_id  bigint NOT NULL,
    PRIMARY KEY (store_id, kind, record_id)
);

SELECT kartify_wall(t) FROM unnest('{limbo_paid,limbo_claims,order_checks,limbo_days,limbo_alerts,limbo_told}'::regclass[]) AS t;

-- +goose Down
DROP TABLE limbo_told, limbo_alerts, limbo_days, order_checks, limbo_claims;
DROP TRIGGER limbo_paid_payments ON payments;
DROP TRIGGER limbo_paid_payment ON payments;
DROP TRIGGER limbo_paid_order ON orders;
DROP TABLE limbo_paid;
DROP FUNCTION limbo_paid_payments();
DROP FUNCTION limbo_paid_payment();
DROP FUNCTION limbo_paid_order();
DROP FUNCTION limbo_paid_weigh(bigint[]);
CREATE INDEX partner_updates_failed ON partner_updates (store_id, created_at) WHERE state = 'failed';
DROP INDEX orders_missing_age, orders_pending_age, payments_stuck, payments_refunding, payments_held, partner_updates_open;
