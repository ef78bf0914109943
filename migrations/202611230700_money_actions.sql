-- +goose Up
-- Capture, cancel-or-credit and amount update. What excludes what on a payment is refused here as well.
ALTER TABLE operations
    ADD COLUMN once           boolean NOT NULL DEFAULT false, -- the provider has no key and no reference: it is sent once at most
    ADD COLUMN before         jsonb,                          -- the payment as the provider showed it before the first send
    ADD COLUMN before_at      timestamptz,                    -- when it was read
    ADD COLUMN before_version integer,                        -- the version of the payment's row then
    ADD COLUMN was_minor      bigint,                         -- of an amount update: what was held before it
    ADD COLUMN was_lines      jsonb,                          -- of an amount update: the order's lines before it
    ADD COLUMN follows        bigint REFERENCES operations,   -- the first operation of the same wish
    ADD CONSTRAINT operations_update_knows CHECK (kind <> 'amount_update' OR was_minor IS NOT NULL),
    ADD CONSTRAINT operations_before_dated CHECK ((before IS NULL) = (before_at IS NULL) AND (before IS NULL) = (before_version IS NULL));

-- A line that was taken out of an order by an amount update stays on it, with none left.
ALTER TABLE order_items DROP CONSTRAINT order_items_quantity_check, ADD CONSTRAINT order_items_quantity_check CHECK (quantity >= 0);

-- One of capture, void and amount update at a time. What the provider did by itself is a fact, not a wish.
CREATE UNIQUE INDEX operations_exclusive ON operations (payment_id)
    WHERE kind IN ('capture', 'void', 'amount_update') AND source <> 'provider' AND state NOT IN ('succeeded', 'failed', 'cancelled');

-- Where nothing but the payment's figures tell whether an operation happened, one is under way at a time.
CREATE UNIQUE INDEX operations_once ON operations (payment_id)
    WHERE once AND first_sent_at IS NOT NULL AND state IN ('dispatching', 'unknown', 'pending', 'needs_review');
CREATE INDEX operations_follows ON operations (follows) WHERE follows IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION operations_sent_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.once AND OLD.first_sent_at IS NOT NULL AND NEW.state = 'dispatching' AND OLD.state <> 'dispatching' THEN
        RAISE EXCEPTION 'operation % may have been sent, and is never sent twice', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.once AND NOT NEW.once THEN
        RAISE EXCEPTION 'operation % stays one that is sent once', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.first_sent_at IS NOT NULL AND NEW.first_sent_at IS NOT NULL AND NEW.before IS DISTINCT FROM OLD.before THEN
        RAISE EXCEPTION 'what came before operation % is known and stays', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER operations_sent_once BEFORE UPDATE ON operations FOR EACH ROW EXECUTE FUNCTION operations_sent_once();

-- Nothing is set aside to be drawn of a payment that was given back.
-- +goose StatementBegin
CREATE FUNCTION payments_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.voided_at IS NOT NULL AND NEW.voided_at IS NOT NULL AND NEW.capture_reserved_minor > OLD.capture_reserved_minor THEN
        RAISE EXCEPTION 'payment % was given back; nothing of it can be drawn', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER payments_hold BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION payments_hold();

-- +goose Down
DELETE FROM order_items WHERE quantity = 0;
ALTER TABLE order_items DROP CONSTRAINT order_items_quantity_check, ADD CONSTRAINT order_items_quantity_check CHECK (quantity > 0);
DROP TRIGGER payments_hold ON payments;
DROP FUNCTION payments_hold();
DROP TRIGGER operations_sent_once ON operations;
DROP FUNCTION operations_sent_once();
DROP INDEX operations_exclusive, operations_once, operations_follows;
ALTER TABLE operations
    DROP CONSTRAINT operations_update_knows, DROP CONSTRAINT operations_before_dated,
    DROP COLUMN once, DROP COLUMN before, DROP COLUMN before_at, DROP COLUMN before_version,
    DROP COLUMN was_minor, DROP COLUMN was_lines, DROP COLUMN follows;
