-- +goose Up
-- A visit of a seller who comes from Fynd: first to allow the installation of an extension, then to fill in the
-- credential form. The browser's cookie holds what the id is the SHA-256 of.
CREATE TABLE fynd_visits (
    id             bytea PRIMARY KEY,
    extension_id   bigint NOT NULL REFERENCES fynd_extensions,
    company_id     text NOT NULL CHECK (company_id <> ''),
    application_id text NOT NULL DEFAULT '',                -- '' for any sales channel of the company
    redirect_path  text NOT NULL DEFAULT '',                -- of ours, where the seller wants to go afterwards
    state          bytea,                                   -- SHA-256 of the state that Fynd must bring back; null once it has
    allowed_at     timestamptz,                             -- when Fynd vouched for the seller; null until then
    created_at     timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz NOT NULL
);
CREATE INDEX fynd_visits_end ON fynd_visits (expires_at);

-- +goose Down
DROP TABLE fynd_visits;
