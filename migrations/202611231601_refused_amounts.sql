-- +goose Up
-- What Fynd asked for an order, where that is not what the order comes to and so was refused: until a person has seen
-- to it, Fynd asks rightly, or the money comes in.
CREATE TABLE refused_amounts (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id  bigint NOT NULL REFERENCES stores,
    order_id  bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    gid       text NOT NULL,               -- Fynd's id of the payment
    said      text NOT NULL,               -- why it was refused: a sentence
    times     integer NOT NULL DEFAULT 1,  -- how often it was asked
    since     timestamptz NOT NULL DEFAULT now(),
    last_at   timestamptz NOT NULL DEFAULT now(),
    seen_at   timestamptz
);
CREATE UNIQUE INDEX refused_amounts_open ON refused_amounts (order_id, gid) WHERE seen_at IS NULL;
CREATE INDEX refused_amounts_age ON refused_amounts (store_id, since, id) WHERE seen_at IS NULL;
SELECT kartify_wall('refused_amounts');

-- An order is one of the gateway that has its money, also when it named none before.
SELECT set_config('kartify.stores', '*', true);
UPDATE orders o SET gateway = p.gateway FROM payments p WHERE o.gateway = '' AND p.order_id = o.id AND p.authorized_minor > 0 AND p.voided_at IS NULL;

-- +goose Down
DROP TABLE refused_amounts;
