-- +goose Up
-- A person may leave a failed or cancelled order as it is though its money is here. Whatever changes the order's
-- status or its money afterwards brings it back to the board.
ALTER TABLE limbo_paid ADD COLUMN seen_at timestamptz;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION limbo_paid_weigh(ids bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH weighed AS (
        SELECT o.id, o.store_id, o.status IN ('failed', 'cancelled') AND EXISTS (
            SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.captured_minor > p.refunded_minor) AS paid
        FROM orders o WHERE o.id = ANY (ids)
    ), gone AS (
        DELETE FROM limbo_paid l USING weighed w WHERE l.order_id = w.id AND NOT w.paid
    )
    INSERT INTO limbo_paid AS l (order_id, store_id) SELECT id, store_id FROM weighed WHERE paid
    ON CONFLICT (order_id) DO UPDATE SET since = now(), seen_at = NULL WHERE l.seen_at IS NOT NULL
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION limbo_paid_weigh(ids bigint[]) RETURNS void LANGUAGE sql AS $$
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
ALTER TABLE limbo_paid DROP COLUMN seen_at;
