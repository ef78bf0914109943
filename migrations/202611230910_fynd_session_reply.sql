-- +goose Up
-- What Fynd was answered when it asked for a payment: the same bytes whenever it asks again.
ALTER TABLE fynd_sessions ADD COLUMN reply text NOT NULL DEFAULT '';
CREATE INDEX fynd_sessions_link ON fynd_sessions (link_id);

-- +goose Down
DROP INDEX fynd_sessions_link;
ALTER TABLE fynd_sessions DROP COLUMN reply;
