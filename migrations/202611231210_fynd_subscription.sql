-- +goose Up
-- A subscription to the webhooks of a company that Fynd did not take is tried again.
ALTER TABLE fynd_installs
    ADD COLUMN webhook_url       text NOT NULL DEFAULT '',                              -- where Fynd is to send the company's events
    ADD COLUMN subscribe_tries   int NOT NULL DEFAULT 0 CHECK (subscribe_tries >= 0),   -- that went wrong, one after the other
    ADD COLUMN next_subscribe_at timestamptz;                                           -- when it is tried by itself; null when it is not
CREATE INDEX fynd_installs_subscribe ON fynd_installs (next_subscribe_at) WHERE next_subscribe_at IS NOT NULL;

-- +goose Down
DROP INDEX fynd_installs_subscribe;
ALTER TABLE fynd_installs DROP COLUMN webhook_url, DROP COLUMN subscribe_tries, DROP COLUMN next_subscribe_at;
