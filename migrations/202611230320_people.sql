-- +goose Up
-- Stores, the people who work for them, and how they sign in.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Row level security is the second wall: a connection sees the stores named in kartify.stores
-- ('*' for all, a comma list, or nothing at all), whatever a query forgets to say.
-- +goose StatementBegin
CREATE FUNCTION kartify_stores() RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(string_to_array(nullif(nullif(current_setting('kartify.stores', true), ''), '*'), ',')::bigint[], '{}')
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION kartify_everything() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('kartify.stores', true), '') = '*'
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION kartify_wall(name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY store_wall ON %s USING ((SELECT kartify_everything()) OR store_id = ANY ((SELECT kartify_stores())::bigint[]))', name);
END
$$;
-- +goose StatementEnd

CREATE TABLE stores (
    id                   bigint PRIMARY KEY CHECK (id > 0),
    code                 text NOT NULL UNIQUE,
    name                 text NOT NULL,
    currency             char(3) NOT NULL,
    time_zone            text NOT NULL,
    locale               text NOT NULL DEFAULT 'en-IN',
    mode                 text NOT NULL DEFAULT 'test' CHECK (mode IN ('test', 'live')),
    fynd                 boolean NOT NULL DEFAULT false, -- integrated with FYND
    fynd_company_id      text,
    fynd_application_id  text,
    fynd_affiliate_id    text,
    created_at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stores_fynd_application ON stores (fynd_application_id) WHERE fynd_application_id IS NOT NULL;

CREATE TABLE users (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email          text NOT NULL,          -- as typed; compared in lower case
    name           text NOT NULL,
    role           text NOT NULL CHECK (role IN ('owner', 'manager', 'support', 'finance', 'viewer', 'auditor')),
    password_hash  text,                   -- argon2id; null until the person has set one
    all_stores     boolean NOT NULL DEFAULT false,
    disabled_at    timestamptz,
    preferences    jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE user_stores (
    user_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    store_id  bigint NOT NULL REFERENCES stores,
    PRIMARY KEY (user_id, store_id)
);

CREATE TABLE sessions (
    id_hash       bytea PRIMARY KEY,        -- SHA-256 of the 256-bit id in the cookie
    user_id       bigint REFERENCES users ON DELETE CASCADE,
    data          jsonb NOT NULL DEFAULT '{}',
    address       text NOT NULL DEFAULT '',
    agent         text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- One failed sign-in: the limiter counts these by account and by address.
CREATE TABLE login_failures (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account  text NOT NULL,
    address  text NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX login_failures_account ON login_failures (account, at);
CREATE INDEX login_failures_address ON login_failures (address, at);

-- A one-time link: the first owner's set-up, an invitation, a new password.
CREATE TABLE login_links (
    token_hash  bytea PRIMARY KEY,
    purpose     text NOT NULL CHECK (purpose IN ('setup', 'password')),
    user_id     bigint REFERENCES users ON DELETE CASCADE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);

CREATE TABLE saved_views (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    list        text NOT NULL,              -- 'orders'
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    query       text NOT NULL,              -- the filter as it stands in the URL
    shared      boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, list, name)
);

-- +goose Down
DROP TABLE saved_views, login_links, login_failures, sessions, user_stores, users, stores;
DROP FUNCTION kartify_wall(regclass);
DROP FUNCTION kartify_everything();
DROP FUNCTION kartify_stores();
