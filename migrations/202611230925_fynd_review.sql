-- +goose Up
-- How a Fynd payment extension comes through Fynd's review, who may use a private one, and how well we serve.

ALTER TABLE fynd_extensions
    ADD COLUMN draft           jsonb,                           -- details that differ from the accepted ones and wait for the next review
    ADD COLUMN unsent          boolean NOT NULL DEFAULT false,  -- details were changed since the last submission
    ADD COLUMN submitted_at    timestamptz,
    ADD COLUMN accepted_at     timestamptz,                     -- when a review first ended well: it serves live payments since
    ADD COLUMN secret_at       timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN secret_shown_at timestamptz,                     -- the secret is shown once
    ADD COLUMN organisation    text NOT NULL DEFAULT '',        -- our company at Fynd Partners
    ADD COLUMN approved_on     text NOT NULL DEFAULT '' CHECK (approved_on ~ '^(\d{4}-\d{2}-\d{2})?$'),   -- when Fynd let it develop payment extensions
    ADD COLUMN agreement_on    text NOT NULL DEFAULT '' CHECK (agreement_on ~ '^(\d{4}-\d{2}-\d{2})?$'),  -- when the agreement on the share of the revenue was signed
    ADD COLUMN billing_email   text NOT NULL DEFAULT '';        -- where Fynd sends its invoices

-- What happened to an extension on its way, and whether those concerned were told.
CREATE TABLE fynd_reviews (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    extension_id bigint NOT NULL REFERENCES fynd_extensions,
    event        text NOT NULL CHECK (event IN ('submit', 'approve', 'reject')),
    round        integer NOT NULL CHECK (round > 0),
    from_state   text NOT NULL,
    to_state     text NOT NULL,
    comment      text NOT NULL DEFAULT '',
    actor_id     bigint,
    actor_name   text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    tell         jsonb NOT NULL DEFAULT '[]',        -- e-mail addresses
    told_at      timestamptz,
    told_problem text NOT NULL DEFAULT '',
    next_at      timestamptz,                         -- when the e-mails are tried next
    tries        integer NOT NULL DEFAULT 0
);
CREATE INDEX fynd_reviews_extension ON fynd_reviews (extension_id, id);
CREATE INDEX fynd_reviews_due ON fynd_reviews (next_at) WHERE next_at IS NOT NULL;

-- The companies that may use a private extension.
CREATE TABLE fynd_subscribers (
    extension_id bigint NOT NULL REFERENCES fynd_extensions,
    company_id   text NOT NULL CHECK (company_id ~ '^[0-9]{1,20}$'),
    actor_name   text NOT NULL,
    added_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (extension_id, company_id)
);

-- An extension comes to be published or approved by a review and in no other way.
-- +goose StatementBegin
CREATE FUNCTION fynd_extensions_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = OLD.state
        OR NEW.state = 'under_review'
        OR OLD.state = 'under_review' AND NEW.state = 'rejected'
        OR OLD.state = 'under_review' AND NEW.state = 'published' AND NEW.distribution = 'public'
        OR OLD.state = 'under_review' AND NEW.state = 'approved' AND NEW.distribution = 'private' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'extension % cannot go from % to % (it is %)', OLD.id, OLD.state, NEW.state, NEW.distribution USING ERRCODE = 'check_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER fynd_extensions_guard BEFORE UPDATE OF state ON fynd_extensions FOR EACH ROW EXECUTE FUNCTION fynd_extensions_guard();

-- Every minute in which some copy of kartify did its work.
CREATE TABLE uptime_minutes (
    minute timestamptz PRIMARY KEY CHECK (minute = date_trunc('minute', minute, 'UTC'))
);

-- How long Fynd waited for answers, by day in UTC.
CREATE TABLE fynd_answer_days (
    day        date PRIMARY KEY,
    answers    bigint NOT NULL DEFAULT 0,
    broken     bigint NOT NULL DEFAULT 0,             -- answered with a status of 500 or above
    slowest_ms bigint NOT NULL DEFAULT 0
);

-- +goose Down
DROP TABLE fynd_answer_days, uptime_minutes, fynd_subscribers, fynd_reviews;
DROP TRIGGER fynd_extensions_guard ON fynd_extensions;
DROP FUNCTION fynd_extensions_guard();
ALTER TABLE fynd_extensions
    DROP COLUMN draft, DROP COLUMN unsent, DROP COLUMN submitted_at, DROP COLUMN accepted_at, DROP COLUMN secret_at, DROP COLUMN secret_shown_at,
    DROP COLUMN organisation, DROP COLUMN approved_on, DROP COLUMN agreement_on, DROP COLUMN billing_email;
