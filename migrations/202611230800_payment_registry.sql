-- +goose Up
-- The registry of payments: its dates, its lists, and what is searched in it.

-- When kartify learned that a payment was drawn, and that everybody was told of it. Payments from before keep none.
ALTER TABLE payments ADD COLUMN obtained_at timestamptz, ADD COLUMN success_at timestamptz;

-- +goose StatementBegin
CREATE FUNCTION payments_dates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.obtained_at IS NULL AND NEW.status IN ('obtained', 'success', 'stuck', 'refunding', 'refunded', 'partially_refunded') THEN
        NEW.obtained_at := NEW.updated_at;
    END IF;
    IF NEW.success_at IS NULL AND NEW.status = 'success' THEN
        NEW.success_at := NEW.updated_at;
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER payments_dates BEFORE INSERT OR UPDATE OF status ON payments FOR EACH ROW EXECUTE FUNCTION payments_dates();

CREATE INDEX payments_newest ON payments (created_at DESC, id DESC);
CREATE INDEX payments_store ON payments (store_id, created_at DESC, id DESC);
CREATE INDEX payments_status ON payments (status, created_at DESC, id DESC);
CREATE INDEX payments_gateway ON payments (gateway, created_at DESC, id DESC);
CREATE INDEX payments_card_last4 ON payments (card_last4, created_at DESC, id DESC) WHERE card_last4 <> '';
CREATE INDEX payments_card_first6 ON payments (card_first6, created_at DESC, id DESC) WHERE card_first6 <> '';
CREATE INDEX operations_ref_any ON operations (ref) WHERE ref <> '';
CREATE INDEX operations_reference ON operations (reference) WHERE reference <> '';
CREATE INDEX operations_key_any ON operations (idempotency_key);
CREATE INDEX order_events_request_any ON order_events (request_id) WHERE request_id <> '';

-- The payment systems that payments went through, for the choices of the filter.
CREATE TABLE payment_systems (
    store_id  bigint NOT NULL REFERENCES stores,
    system    text NOT NULL,             -- the provider's id of the bank it went through, or how it was paid where there is none
    name      text NOT NULL DEFAULT '',  -- as the provider describes it
    PRIMARY KEY (store_id, system)
);

-- What the search of payments looks through, kept apart so that a change of status touches no text index. Like
-- order_search it has no wall of its own and is only ever joined to payments.
CREATE TABLE payment_search (
    payment_id  bigint PRIMARY KEY REFERENCES payments,
    order_id    bigint NOT NULL,
    store_id    bigint NOT NULL,
    created_at  timestamptz NOT NULL,      -- of the payment
    system      text NOT NULL DEFAULT '',
    keys        text[] NOT NULL DEFAULT '{}', -- every id of it, folded: the provider's, the bank's, the receipt's, its refunds'
    txt         text NOT NULL
);
CREATE INDEX payment_search_txt ON payment_search USING gin (txt gin_trgm_ops);
CREATE INDEX payment_search_keys ON payment_search USING gin (keys) WITH (fastupdate = off);
CREATE INDEX payment_search_newest ON payment_search (created_at DESC, payment_id DESC);
CREATE INDEX payment_search_system ON payment_search (system, created_at DESC, payment_id DESC) WHERE system <> '';
CREATE INDEX payment_search_order ON payment_search (order_id);

-- What there is to find of payments. Short and common values are found as text, not as ids.
CREATE VIEW payment_found WITH (security_invoker = true) AS
SELECT p.id AS payment_id, p.order_id, p.store_id, p.created_at,
    coalesce(nullif(p.params->>'ps_id', ''), nullif(p.params->>'payment_system_id', ''), p.method) AS system,
    ARRAY(SELECT DISTINCT kartify_fold(k.value) FROM (
        SELECT unnest(ARRAY[p.ref, p.order_ref, p.rrn, p.fiscal->>'fop_fpd', p.fiscal->>'fop_uuid', p.fiscal->>'fop_receipt_key']) AS value
        UNION ALL SELECT value FROM jsonb_each_text(p.params) WHERE value ~ '^[A-Za-z0-9_-]{6,64}$' AND value ~ '[0-9]' AND value !~ '^\d{4}-\d\d-\d\d'
        UNION ALL SELECT r.value FROM operations t CROSS JOIN LATERAL unnest(ARRAY[t.ref, t.reference]) AS r(value) WHERE t.payment_id = p.id
    ) k WHERE k.value <> '' AND k.value <> o.id::text) AS keys,
    kartify_fold(concat_ws(' ', o.id::text, o.partner_order_id, o.affiliate_order_id, o.gid, p.ref, p.order_ref, p.rrn,
        CASE WHEN p.card_first6 <> '' OR p.card_last4 <> '' THEN rpad(p.card_first6, 6, '*') || '******' || p.card_last4 END,
        o.customer_name, o.company, o.customer_email, o.customer_phone, regexp_replace(o.customer_phone, '[^0-9]', '', 'g'),
        (SELECT left(string_agg(value, ' ' ORDER BY key), 2000) FROM jsonb_each_text(p.params) WHERE key NOT IN ('cart', 'receipt_properties')),
        (SELECT string_agg(value, ' ' ORDER BY key) FROM jsonb_each_text(p.fiscal)),
        (SELECT string_agg(concat_ws(' ', nullif(t.ref, ''), nullif(t.reference, '')), ' ' ORDER BY t.id) FROM operations t WHERE t.payment_id = p.id))) AS txt
FROM payments p JOIN orders o ON o.id = p.order_id;

-- +goose StatementBegin
CREATE FUNCTION payment_search_note(payment bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payment_search (payment_id, order_id, store_id, created_at, system, keys, txt)
    SELECT payment_id, order_id, store_id, created_at, system, keys, txt FROM payment_found WHERE payment_id = payment
    ON CONFLICT (payment_id) DO UPDATE SET system = excluded.system, keys = excluded.keys, txt = excluded.txt
        WHERE (payment_search.system, payment_search.keys, payment_search.txt) IS DISTINCT FROM (excluded.system, excluded.keys, excluded.txt);
    INSERT INTO payment_systems (store_id, system, name)
    SELECT s.store_id, s.system, coalesce(nullif(p.params->>'system_description', ''), nullif(p.params->>'site_description', ''), '')
    FROM payment_search s JOIN payments p ON p.id = s.payment_id
    WHERE s.payment_id = payment AND s.system <> '' AND NOT EXISTS (SELECT 1 FROM payment_systems y WHERE y.store_id = s.store_id AND y.system = s.system AND y.name <> '')
    ON CONFLICT (store_id, system) DO UPDATE SET name = excluded.name WHERE payment_systems.name <> excluded.name AND excluded.name <> '';
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION payments_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM payment_search_note(NEW.id);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER payments_search_insert AFTER INSERT ON payments FOR EACH ROW EXECUTE FUNCTION payments_search();
CREATE TRIGGER payments_search_update AFTER UPDATE ON payments FOR EACH ROW
    WHEN ((OLD.ref, OLD.order_ref, OLD.rrn, OLD.method, OLD.card_first6, OLD.card_last4, OLD.params, OLD.fiscal)
        IS DISTINCT FROM (NEW.ref, NEW.order_ref, NEW.rrn, NEW.method, NEW.card_first6, NEW.card_last4, NEW.params, NEW.fiscal))
    EXECUTE FUNCTION payments_search();

-- +goose StatementBegin
CREATE FUNCTION operations_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM payment_search_note(NEW.payment_id);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER operations_search_insert AFTER INSERT ON operations FOR EACH ROW
    WHEN (NEW.ref <> '' OR NEW.reference <> '') EXECUTE FUNCTION operations_search();
CREATE TRIGGER operations_search_update AFTER UPDATE ON operations FOR EACH ROW
    WHEN ((OLD.ref, OLD.reference) IS DISTINCT FROM (NEW.ref, NEW.reference)) EXECUTE FUNCTION operations_search();

-- +goose StatementBegin
CREATE FUNCTION orders_payment_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM payment_search_note(p.id) FROM payments p WHERE p.order_id = NEW.id;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER orders_payment_search AFTER UPDATE ON orders FOR EACH ROW
    WHEN ((OLD.partner_order_id, OLD.affiliate_order_id, OLD.gid, OLD.customer_name, OLD.company, OLD.customer_email, OLD.customer_phone)
        IS DISTINCT FROM (NEW.partner_order_id, NEW.affiliate_order_id, NEW.gid, NEW.customer_name, NEW.company, NEW.customer_email, NEW.customer_phone))
    EXECUTE FUNCTION orders_payment_search();

-- What was there before. The wall is for people: the owner of the tables fills this once.
ALTER TABLE payments NO FORCE ROW LEVEL SECURITY;
ALTER TABLE orders NO FORCE ROW LEVEL SECURITY;
ALTER TABLE operations NO FORCE ROW LEVEL SECURITY;
INSERT INTO payment_search (payment_id, order_id, store_id, created_at, system, keys, txt)
    SELECT payment_id, order_id, store_id, created_at, system, keys, txt FROM payment_found;
INSERT INTO payment_systems (store_id, system, name)
    SELECT s.store_id, s.system, coalesce(max(nullif(p.params->>'system_description', '')), max(nullif(p.params->>'site_description', '')), '')
    FROM payment_search s JOIN payments p ON p.id = s.payment_id WHERE s.system <> '' GROUP BY 1, 2;
ALTER TABLE payments FORCE ROW LEVEL SECURITY;
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
ALTER TABLE operations FORCE ROW LEVEL SECURITY;

SELECT kartify_wall('payment_systems');

-- +goose Down
DROP TRIGGER orders_payment_search ON orders;
DROP TRIGGER operations_search_update ON operations;
DROP TRIGGER operations_search_insert ON operations;
DROP TRIGGER payments_search_update ON payments;
DROP TRIGGER payments_search_insert ON payments;
DROP FUNCTION orders_payment_search();
DROP FUNCTION operations_search();
DROP FUNCTION payments_search();
DROP FUNCTION payment_search_note(bigint);
DROP VIEW payment_found;
DROP TABLE payment_search, payment_systems;
DROP INDEX order_events_request_any, operations_key_any, operations_reference, operations_ref_any,
    payments_card_first6, payments_card_last4, payments_gateway, payments_status, payments_store, payments_newest;
DROP TRIGGER payments_dates ON payments;
DROP FUNCTION payments_dates();
ALTER TABLE payments DROP COLUMN obtained_at, DROP COLUMN success_at;
