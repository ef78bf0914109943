-- +goose Up
-- Payments of which money went back or only a part was drawn: few, and always compared with care.
CREATE INDEX payments_returned ON payments (store_id, gateway, order_id) WHERE refunded_minor > 0 OR captured_minor > 0 AND captured_minor <> amount_minor;

-- +goose Down
DROP INDEX payments_returned;
