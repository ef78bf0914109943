-- +goose Up
-- Which orders a reconciliation compared, by what their numbers leave when divided by 256: an order finds its
-- files by one look into an index that is a fraction of the rows. It is written once the comparison has ended.
CREATE TABLE reconciled_orders (
    reconciliation_id  bigint NOT NULL REFERENCES reconciliations ON DELETE CASCADE,
    store_id           bigint NOT NULL REFERENCES stores,
    chunk              bigint NOT NULL,     -- the order's number without its last eight bits
    low                smallint[] NOT NULL, -- these eight bits of each order
    PRIMARY KEY (chunk, reconciliation_id)
);
ALTER TABLE reconciliations ADD COLUMN noted_at timestamptz; -- when its orders were written there
CREATE INDEX reconciliations_to_note ON reconciliations (id) WHERE state = 'done' AND noted_at IS NULL;

SELECT kartify_wall('reconciled_orders');

-- +goose Down
DROP TABLE reconciled_orders;
ALTER TABLE reconciliations DROP COLUMN noted_at;
