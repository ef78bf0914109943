-- +goose Up
-- What shops are told of payments: by a POST to their own handler or by e-mail, and every attempt at it.

-- How a store wants to hear of its payments. A store without a row does not.
CREATE TABLE notification_settings (
    store_id      bigint PRIMARY KEY REFERENCES stores,
    channel       text NOT NULL CHECK (channel IN ('off', 'post', 'email')),
    url           text NOT NULL DEFAULT '',
    secret        text NOT NULL DEFAULT '',   -- sealed
    email         text NOT NULL DEFAULT '',
    version       integer NOT NULL DEFAULT 1,
    changed_by    bigint REFERENCES users,
    changed_name  text NOT NULL DEFAULT '',
    changed_at    timestamptz NOT NULL DEFAULT now(),
    CHECK (channel <> 'post' OR (url <> '' AND secret <> '')),
    CHECK (channel <> 'email' OR email <> '')
);

-- How a receiver behaved last. One that does not answer waits behind those that do; losing this costs nothing.
CREATE TABLE notification_receivers (
    store_id   bigint PRIMARY KEY REFERENCES stores,
    answers    boolean NOT NULL,              -- the latest attempt was accepted
    since      timestamptz NOT NULL
) WITH (fillfactor = 50);

-- What a shop is told of one payment. Attempts are counted in series: one by itself, and one more for every time
-- somebody asks.
CREATE TABLE notifications (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id      bigint NOT NULL REFERENCES stores,
    order_id      bigint NOT NULL REFERENCES orders,
    payment_id    bigint NOT NULL UNIQUE REFERENCES payments,
    state         text NOT NULL CHECK (state IN ('queued', 'sending', 'delivered', 'stuck', 'cancelled')),
    series        integer NOT NULL DEFAULT 1 CHECK (series > 0),
    tries         integer NOT NULL DEFAULT 0 CHECK (tries >= 0), -- of the latest series
    most          integer NOT NULL CHECK (most > 0),             -- attempts that the latest series may have
    obtained_at   timestamptz,                -- when the payment was paid or held; null when that was before the store wanted to hear
    next_at       timestamptz,                -- when it is due; while an attempt runs, when that counts as lost
    problem       text NOT NULL DEFAULT '',   -- what the latest attempt came to: a sentence
    delivered_at  timestamptz,                -- when the shop first accepted it
    created_at    timestamptz NOT NULL DEFAULT now(),
    done_at       timestamptz,
    CONSTRAINT notifications_never_more CHECK (tries <= most),
    CHECK ((state IN ('queued', 'sending')) = (next_at IS NOT NULL)),
    CHECK (state <> 'delivered' OR delivered_at IS NOT NULL)
) WITH (fillfactor = 85);
CREATE INDEX notifications_due ON notifications (store_id, next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX notifications_next ON notifications (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX notifications_sending ON notifications (store_id) WHERE state = 'sending';
CREATE INDEX notifications_order ON notifications (order_id, id);

-- Why a series began.
CREATE TABLE notification_series (
    notification_id  bigint NOT NULL REFERENCES notifications,
    store_id         bigint NOT NULL REFERENCES stores,
    n                integer NOT NULL CHECK (n > 0),
    most             integer NOT NULL CHECK (most > 0),
    requested_by     bigint REFERENCES users,
    requester        text NOT NULL DEFAULT '', -- the name shown; empty for the one that began by itself
    token_hash       bytea UNIQUE,             -- SHA-256 of the form's token
    started_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (notification_id, n)
);

-- An attempt is written before it is made, so that one that was cut short is counted as well.
CREATE TABLE notification_attempts (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notification_id  bigint NOT NULL,
    store_id         bigint NOT NULL REFERENCES stores,
    series           integer NOT NULL,
    n                integer NOT NULL CHECK (n > 0),
    channel          text NOT NULL CHECK (channel IN ('post', 'email')),
    receiver         text NOT NULL,            -- the address
    outcome          text NOT NULL DEFAULT '' CHECK (outcome IN ('', 'accepted', 'refused', 'redirected', 'unreachable', 'blocked', 'timeout', 'lost')),
    http_status      integer NOT NULL DEFAULT 0,
    problem          text NOT NULL DEFAULT '', -- a sentence
    answer           text NOT NULL DEFAULT '' CHECK (octet_length(answer) <= 200000), -- its first 64 KiB; what is no text takes up to three times as much
    sent             text NOT NULL DEFAULT '', -- what was said, without the secret
    started_at       timestamptz NOT NULL DEFAULT now(),
    finished_at      timestamptz,
    UNIQUE (notification_id, series, n),
    FOREIGN KEY (notification_id, series) REFERENCES notification_series (notification_id, n),
    CHECK ((outcome = '') = (finished_at IS NULL))
) WITH (fillfactor = 85);
CREATE INDEX notification_attempts_log ON notification_attempts (store_id, started_at DESC, id DESC);

-- No series has more attempts than it may.
-- +goose StatementBegin
CREATE FUNCTION notification_attempts_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.n > (SELECT most FROM notification_series WHERE notification_id = NEW.notification_id AND n = NEW.series) THEN
        RAISE EXCEPTION 'a series of notifications has no attempt %', NEW.n USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER notification_attempts_guard BEFORE INSERT ON notification_attempts FOR EACH ROW EXECUTE FUNCTION notification_attempts_guard();
CREATE TRIGGER notification_attempts_stay BEFORE DELETE ON notification_attempts FOR EACH ROW EXECUTE FUNCTION money_stays();

-- Whether the shop was told of a payment: empty when nobody waits to be told.
ALTER TABLE payments ADD COLUMN notice text NOT NULL DEFAULT '' CHECK (notice IN ('', 'waiting', 'told', 'untold'));

SELECT kartify_wall(t) FROM unnest('{notification_settings,notification_receivers,notifications,notification_series,notification_attempts}'::regclass[]) AS t;

-- +goose Down
ALTER TABLE payments DROP COLUMN notice;
DROP TABLE notification_attempts, notification_series, notifications, notification_receivers, notification_settings;
DROP FUNCTION notification_attempts_guard();
