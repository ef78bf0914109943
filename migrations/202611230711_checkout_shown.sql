-- +goose Up
-- When the provider, asked after the buyer came back, last showed a payment that is neither made nor over.
ALTER TABLE checkouts ADD COLUMN shown_at timestamptz;

-- +goose Down
ALTER TABLE checkouts DROP COLUMN shown_at;
