-- +goose Up
-- What a payment that is neither made nor over waits for, as its provider said last: the buyer, his
-- confirmation at the bank, the bank, or a check of the provider's.
ALTER TABLE payments ADD COLUMN waits_for text NOT NULL DEFAULT '' CHECK (waits_for IN ('', 'buyer', 'confirmation', 'bank', 'review'));

-- +goose Down
ALTER TABLE payments DROP COLUMN waits_for;
