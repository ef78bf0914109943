-- +goose Up
-- How fast providers are asked about orders, how long a declined payment is doubted, and buyers who turn back.

-- When the next question about orders may be put to a store's gateway, whichever copy of kartify asks it.
CREATE TABLE lookup_paces (
    store_id  bigint NOT NULL REFERENCES stores,
    gateway   text NOT NULL,
    next_at   timestamptz NOT NULL,
    PRIMARY KEY (store_id, gateway)
);
SELECT kartify_wall('lookup_paces');

-- Since when the provider has said the same word of a payment that it calls failed and that is in doubt, and the
-- word that has stood so long that it is believed.
ALTER TABLE payments
    ADD COLUMN doubt_word  text NOT NULL DEFAULT '',
    ADD COLUMN doubt_since timestamptz,
    ADD COLUMN doubt_ended text NOT NULL DEFAULT '';

-- When the buyer came back by the way of those who turn back.
ALTER TABLE checkouts ADD COLUMN turned_at timestamptz;

-- +goose Down
ALTER TABLE checkouts DROP COLUMN turned_at;
ALTER TABLE payments DROP COLUMN doubt_ended, DROP COLUMN doubt_since, DROP COLUMN doubt_word;
DROP TABLE lookup_paces;
