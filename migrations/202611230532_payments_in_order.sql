-- +goose Up
-- The payments of an order in the order they were made, read without sorting: an export asks once for every order.
CREATE INDEX payments_of_order ON payments (order_id, id);
DROP INDEX payments_order;

-- +goose Down
CREATE INDEX payments_order ON payments (order_id);
DROP INDEX payments_of_order;
