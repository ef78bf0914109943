-- +goose Up
-- Programs: what they may do, how fast, and what each was answered.

-- A token with which a program calls the API. It is shown once; only its hash is kept.
CREATE TABLE api_tokens (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL CHECK (name <> ''),
    handle        text NOT NULL UNIQUE CHECK (handle ~ '^[a-z2-7]{10}$'), -- the part of the token that may be seen
    hash          bytea NOT NULL,             -- SHA-256 of the whole token
    scopes        text[] NOT NULL CHECK (cardinality(scopes) > 0),
    all_stores    boolean NOT NULL DEFAULT false,
    stores        bigint[] NOT NULL DEFAULT '{}',
    per_minute    integer NOT NULL CHECK (per_minute BETWEEN 1 AND 6000), -- requests
    created_by    bigint REFERENCES users,
    maker         text NOT NULL,              -- the name shown
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz,
    revoked_by    text NOT NULL DEFAULT '',
    last_used_at  timestamptz,
    last_address  text NOT NULL DEFAULT '',
    CHECK (all_stores OR cardinality(stores) > 0)
);
CREATE UNIQUE INDEX api_tokens_name ON api_tokens (lower(name)) WHERE revoked_at IS NULL;

-- How many requests a token has made in the minute that runs. Losing it costs nothing.
CREATE UNLOGGED TABLE api_paces (
    token_id  bigint PRIMARY KEY REFERENCES api_tokens,
    minute    timestamptz NOT NULL,
    used      integer NOT NULL
) WITH (fillfactor = 50);

-- A request under an idempotency key, and what was answered: the same answer again for a day. status is null
-- while it is being worked on, or when whoever worked on it was stopped.
CREATE TABLE api_keys (
    token_id    bigint NOT NULL REFERENCES api_tokens,
    key         text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    digest      bytea NOT NULL,               -- SHA-256 of what was asked
    status      integer,
    location    text NOT NULL DEFAULT '',
    body        bytea NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (token_id, key)
);
CREATE INDEX api_keys_age ON api_keys (created_at);

-- +goose Down
DROP TABLE api_keys, api_paces, api_tokens;
