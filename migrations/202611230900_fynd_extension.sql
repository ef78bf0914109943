-- +goose Up
-- Fynd payment extensions: what Fynd Platform installs for its sellers, the payments and refunds that it asks
-- for through them, and what it asks about people's data.

-- An extension as Fynd registers it. It belongs to no store: sellers of many stores may install it.
CREATE TABLE fynd_extensions (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name                text NOT NULL,
    state               text NOT NULL DEFAULT 'development'
                        CHECK (state IN ('development', 'under_review', 'published', 'approved', 'rejected')),
    distribution        text NOT NULL DEFAULT 'private' CHECK (distribution IN ('public', 'private')),
    contact_email       text NOT NULL DEFAULT '',
    description         text NOT NULL DEFAULT '',
    logo                bytea,
    logo_type           text NOT NULL DEFAULT '',
    url                 text NOT NULL DEFAULT '',           -- where kartify is reached: https://pay.example.com
    more_permissions    boolean NOT NULL DEFAULT false,
    api_version         text NOT NULL DEFAULT '1.0',
    methods             jsonb NOT NULL DEFAULT '[]' ,       -- codes: CARD, UPI, NB, WL, BNPL, ...
    countries           jsonb NOT NULL DEFAULT '[]' ,       -- ISO 3166-1 alpha-2
    currencies          jsonb NOT NULL DEFAULT '[]' ,       -- ISO 4217
    partnership         boolean NOT NULL DEFAULT false,
    fee                 text NOT NULL DEFAULT 'fixed' CHECK (fee IN ('fixed', 'variable')),
    fees                jsonb NOT NULL DEFAULT '[]',        -- [{method, permyriad, flat_minor, currency}]; method "" for all
    checkout            text NOT NULL DEFAULT 'standard' CHECK (checkout IN ('standard', 'custom')),
    auto_capture        boolean NOT NULL DEFAULT true,
    gateway             text NOT NULL,                      -- the driver that stands behind it
    platform_url        text NOT NULL DEFAULT '',           -- Fynd Platform; empty for the public one
    api_key             text NOT NULL UNIQUE,
    api_secret          text NOT NULL,                      -- sealed
    support_email       text NOT NULL DEFAULT '',
    support_phone       text NOT NULL DEFAULT '',
    website_url         text NOT NULL DEFAULT '',
    faq_url             text NOT NULL DEFAULT '',
    privacy_url         text NOT NULL DEFAULT '',
    review_email        text NOT NULL DEFAULT '',
    review_instructions text NOT NULL DEFAULT '',           -- sealed: it holds test credentials
    version             integer NOT NULL DEFAULT 1,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now()
);

-- A company that installed an extension, with the tokens Fynd gave for it.
CREATE TABLE fynd_installs (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    extension_id   bigint NOT NULL REFERENCES fynd_extensions,
    company_id     text NOT NULL CHECK (company_id <> ''),
    scopes         jsonb NOT NULL DEFAULT '[]' ,
    access_token   text NOT NULL DEFAULT '',                -- sealed
    refresh_token  text NOT NULL DEFAULT '',                -- sealed
    token_until    timestamptz,
    subscribed_at  timestamptz,                             -- when its webhooks were last subscribed to
    problem        text NOT NULL DEFAULT '',                -- why the last call for a token or a subscription failed
    installed_at   timestamptz NOT NULL DEFAULT now(),
    uninstalled_at timestamptz,
    UNIQUE (extension_id, company_id)
);

-- A sales channel of such a company, and the store here that it is.
CREATE TABLE fynd_applications (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    install_id     bigint NOT NULL REFERENCES fynd_installs,
    application_id text NOT NULL CHECK (application_id <> ''),
    store_id       bigint REFERENCES stores,                -- null until somebody says which store it is
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (install_id, application_id)
);
CREATE INDEX fynd_applications_store ON fynd_applications (store_id);

-- One payment that Fynd asked for.
CREATE TABLE fynd_sessions (
    id             text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{24}$'),
    extension_id   bigint NOT NULL REFERENCES fynd_extensions,
    store_id       bigint NOT NULL REFERENCES stores,
    order_id       bigint NOT NULL REFERENCES orders,
    link_id        bigint REFERENCES payment_links,         -- with which its buyer pays
    company_id     text NOT NULL,
    application_id text NOT NULL,
    gid            text NOT NULL CHECK (gid <> ''),
    pf_order_id    text NOT NULL DEFAULT '',
    amount_minor   bigint NOT NULL CHECK (amount_minor > 0),
    currency       text NOT NULL,
    mode           text NOT NULL CHECK (mode IN ('test', 'live')),
    success_url    text NOT NULL,
    cancel_url     text NOT NULL,
    body           jsonb NOT NULL,                          -- what Fynd sent, also what is not known here
    body_hash      bytea NOT NULL,                          -- of the body with its members in order
    created_at     timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz NOT NULL,
    UNIQUE (extension_id, gid)
);
CREATE INDEX fynd_sessions_order ON fynd_sessions (order_id);

-- One refund that Fynd asked for. What became of it is its operation's to say.
CREATE TABLE fynd_refunds (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id     text NOT NULL REFERENCES fynd_sessions,
    store_id       bigint NOT NULL REFERENCES stores,
    order_id       bigint NOT NULL REFERENCES orders,
    operation_id   bigint REFERENCES operations,
    request_id     text NOT NULL CHECK (request_id <> ''),  -- up to 20 digits: never a number
    amount_minor   bigint NOT NULL CHECK (amount_minor > 0),
    currency       text NOT NULL,
    journey_type   text NOT NULL DEFAULT '',
    body           jsonb NOT NULL,
    body_hash      bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (session_id, request_id)
);
CREATE INDEX fynd_refunds_operation ON fynd_refunds (operation_id);
CREATE INDEX fynd_refunds_order ON fynd_refunds (order_id);

SELECT kartify_wall(t) FROM unnest('{fynd_sessions,fynd_refunds}'::regclass[]) AS t;

-- +goose Down
DROP TABLE fynd_refunds, fynd_sessions, fynd_applications, fynd_installs, fynd_extensions;
