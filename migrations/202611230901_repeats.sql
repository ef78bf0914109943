-- +goose Up
-- A webhook that came again names the first one. To check that name, every repeat locked the first's row and
-- wrote it anew; webhooks are never deleted one by one, and fsck looks at the names.
ALTER TABLE webhooks DROP CONSTRAINT webhooks_duplicate_of_fkey;

-- +goose Down
ALTER TABLE webhooks ADD CONSTRAINT webhooks_duplicate_of_fkey FOREIGN KEY (duplicate_of) REFERENCES webhooks;
