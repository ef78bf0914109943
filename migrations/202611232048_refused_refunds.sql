-- +goose Up
-- Refunds, too, are asked for in another amount than is known here, and refused.
ALTER TABLE refused_amounts ADD COLUMN request_id text NOT NULL DEFAULT '';  -- Fynd's id of the refund; '' for a payment
DROP INDEX refused_amounts_open;
CREATE UNIQUE INDEX refused_amounts_open ON refused_amounts (order_id, gid, request_id) WHERE seen_at IS NULL;

-- +goose Down
DELETE FROM refused_amounts WHERE request_id <> '';
DROP INDEX refused_amounts_open;
CREATE UNIQUE INDEX refused_amounts_open ON refused_amounts (order_id, gid) WHERE seen_at IS NULL;
ALTER TABLE refused_amounts DROP COLUMN request_id;
