-- +goose Up
-- How a payment starts: a link for the buyer, and the attempts made with it. What a provider's hints and the
-- look-ups of orders come to.

-- Where buyers may be sent back to, beginning with: https://shop.example/thanks.
ALTER TABLE stores ADD COLUMN return_urls text[] NOT NULL DEFAULT '{}';

-- Why a payment that is not paid may have taken the buyer's money all the same.
ALTER TABLE payments ADD COLUMN doubt text NOT NULL DEFAULT '' CHECK (doubt IN ('', 'debited', 'unknown'));

-- When the provider was asked because of a webhook that proves nothing by itself.
ALTER TABLE webhooks ADD COLUMN asked_at timestamptz;
CREATE INDEX webhooks_order_ref ON webhooks (source, store_id, order_ref) WHERE order_ref <> '' AND state = 'parked';

-- A link with which the buyer of one order can pay for it. Its token is made of the id and our own key.
CREATE TABLE payment_links (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id    bigint NOT NULL REFERENCES stores,
    order_id    bigint NOT NULL REFERENCES orders,
    created_by  bigint REFERENCES users,
    maker       text NOT NULL,             -- the name shown
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz
);
CREATE INDEX payment_links_order ON payment_links (order_id, id);

-- One attempt to pay: the buyer was sent to a provider, or is about to be.
CREATE TABLE checkouts (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id     bigint NOT NULL REFERENCES stores,
    order_id     bigint NOT NULL REFERENCES orders,
    payment_id   bigint NOT NULL REFERENCES payments,
    link_id      bigint NOT NULL REFERENCES payment_links,
    settings_id  bigint NOT NULL REFERENCES gateway_settings,
    gateway      text NOT NULL,
    number       integer NOT NULL,         -- the how manieth of the order
    order_ref    text NOT NULL,            -- ours, as the provider gets it: 1001-2
    key          text NOT NULL CHECK (key ~ '^[A-Za-z0-9_-]{10,40}$'),
    state        text NOT NULL CHECK (state IN ('starting', 'started', 'failed')),
    url          text NOT NULL DEFAULT '',
    form         jsonb,                    -- fields to post to url; null to go there
    problem      text NOT NULL DEFAULT '',
    return_url   text NOT NULL DEFAULT '', -- of the shop
    lease_until  timestamptz NOT NULL,     -- a start under way counts as lost after this
    created_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    returned_at  timestamptz,
    UNIQUE (order_id, number)
);
CREATE UNIQUE INDEX checkouts_ref ON checkouts (store_id, gateway, order_ref);
CREATE INDEX checkouts_payment ON checkouts (payment_id);
CREATE UNIQUE INDEX checkouts_one_start ON checkouts (order_id) WHERE state = 'starting';

-- When the providers were last asked about an order that waits for its money.
CREATE TABLE order_lookups (
    order_id    bigint PRIMARY KEY REFERENCES orders ON DELETE CASCADE,
    store_id    bigint NOT NULL REFERENCES stores,
    asked_at    timestamptz NOT NULL,
    next_at     timestamptz NOT NULL,
    asked       integer NOT NULL DEFAULT 1,
    outcome     text NOT NULL CHECK (outcome IN ('asking', 'moved', 'same', 'unknown', 'error')),
    said        text NOT NULL DEFAULT ''
);
CREATE INDEX order_lookups_next ON order_lookups (next_at);

-- One run of the look-ups, as people see it. It belongs to no store.
CREATE TABLE lookup_sweeps (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('orders', 'payments')),
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz NOT NULL,
    checked     bigint NOT NULL,
    moved       bigint NOT NULL,
    unknown     bigint NOT NULL,
    errors      bigint NOT NULL,
    problem     text NOT NULL DEFAULT ''
);

SELECT kartify_wall(t) FROM unnest('{payment_links,checkouts,order_lookups}'::regclass[]) AS t;

-- +goose Down
DROP TABLE lookup_sweeps, order_lookups, checkouts, payment_links;
DROP INDEX webhooks_order_ref;
ALTER TABLE webhooks DROP COLUMN asked_at;
ALTER TABLE payments DROP COLUMN doubt;
ALTER TABLE stores DROP COLUMN return_urls;
