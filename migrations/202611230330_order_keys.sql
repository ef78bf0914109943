-- +goose Up
-- The exact keys a person pastes into the search box. E-mail and phone stand in order_search, for the
-- wall around orders lets no index on lower(…) be used; payments are sought by reference in any store.

ALTER TABLE order_search
    ADD COLUMN email text NOT NULL DEFAULT '', -- folded
    ADD COLUMN phone text NOT NULL DEFAULT ''; -- its last ten digits, so that it is found with and without the country
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION orders_search() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE digits text := regexp_replace(NEW.customer_phone, '[^0-9]', '', 'g');
BEGIN
    INSERT INTO order_search (order_id, store_id, date_added, txt, email, phone)
    VALUES (NEW.id, NEW.store_id, NEW.date_added, kartify_fold(concat_ws(' ', NEW.id::text, NEW.partner_order_id, NEW.affiliate_order_id, NEW.gid,
        NEW.customer_name, NEW.company, NEW.customer_email, NEW.customer_phone, digits)), kartify_fold(NEW.customer_email), right(digits, 10))
    ON CONFLICT (order_id) DO UPDATE SET txt = excluded.txt, date_added = excluded.date_added, email = excluded.email, phone = excluded.phone;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
UPDATE order_search s SET email = kartify_fold(o.customer_email), phone = right(regexp_replace(o.customer_phone, '[^0-9]', '', 'g'), 10)
    FROM orders o WHERE o.id = s.order_id;
CREATE INDEX order_search_email ON order_search (email, date_added DESC, order_id DESC) WHERE email <> '';
CREATE INDEX order_search_phone ON order_search (phone, date_added DESC, order_id DESC) WHERE phone <> '';
DROP INDEX orders_email;
DROP INDEX orders_phone;
CREATE INDEX orders_affiliate_any ON orders (affiliate_order_id) WHERE affiliate_order_id IS NOT NULL;
CREATE INDEX payments_ref_any ON payments (ref) WHERE ref IS NOT NULL;
CREATE INDEX payments_order_ref_any ON payments (order_ref) WHERE order_ref <> '';

-- The events that have ever been received, for the choices of the Event filter.
CREATE TABLE order_event_names (event text PRIMARY KEY);
INSERT INTO order_event_names SELECT DISTINCT event FROM order_events_seen;
-- +goose StatementBegin
CREATE FUNCTION order_event_names_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM order_event_names WHERE event = NEW.event) THEN
        INSERT INTO order_event_names VALUES (NEW.event) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER order_event_names_note AFTER INSERT ON order_events FOR EACH ROW EXECUTE FUNCTION order_event_names_note();

-- +goose Down
DROP TRIGGER order_event_names_note ON order_events;
DROP FUNCTION order_event_names_note();
DROP TABLE order_event_names;
DROP INDEX payments_order_ref_any, payments_ref_any, orders_affiliate_any, order_search_phone, order_search_email;
CREATE INDEX orders_phone ON orders (customer_phone text_pattern_ops, date_added DESC, id DESC);
CREATE INDEX orders_email ON orders (lower(customer_email) text_pattern_ops, date_added DESC, id DESC);
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION orders_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO order_search (order_id, store_id, date_added, txt)
    VALUES (NEW.id, NEW.store_id, NEW.date_added, kartify_fold(concat_ws(' ', NEW.id::text, NEW.partner_order_id, NEW.affiliate_order_id, NEW.gid,
        NEW.customer_name, NEW.company, NEW.customer_email, NEW.customer_phone, regexp_replace(NEW.customer_phone, '[^0-9]', '', 'g'))))
    ON CONFLICT (order_id) DO UPDATE SET txt = excluded.txt, date_added = excluded.date_added;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
ALTER TABLE order_search DROP COLUMN email, DROP COLUMN phone;
