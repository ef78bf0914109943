-- +goose Up
-- Confirm Payment: Fynd hears once of each payment that it is paid, and who asked for it is known.
ALTER TABLE partner_updates
    ADD COLUMN payment_id bigint REFERENCES payments,
    ADD COLUMN actor text NOT NULL DEFAULT 'job' CHECK (actor IN ('user', 'webhook', 'job', 'api', 'system')),
    ADD COLUMN actor_id bigint,
    ADD COLUMN actor_name text NOT NULL DEFAULT '',
    ADD CONSTRAINT partner_updates_confirm_names_payment CHECK (kind <> 'confirm_payment' OR payment_id IS NOT NULL);
CREATE UNIQUE INDEX partner_updates_confirm_once ON partner_updates (payment_id) WHERE kind = 'confirm_payment';

-- One press of Execute: the ids that were filled in, under the stores its person saw at that moment.
CREATE TABLE confirmation_runs (
    id          text PRIMARY KEY CHECK (id ~ '^[A-Z0-9]{26}$'),
    user_id     bigint,
    actor       text NOT NULL,
    actor_name  text NOT NULL,
    address     text NOT NULL DEFAULT '',
    all_stores  boolean NOT NULL,
    stores      bigint[] NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX confirmation_runs_user ON confirmation_runs (user_id, created_at DESC);

-- What came of each id. The state of what Fynd was told stands with the update itself.
CREATE TABLE confirmation_items (
    run_id     text NOT NULL REFERENCES confirmation_runs ON DELETE CASCADE,
    position   integer NOT NULL,
    partner_order_id text NOT NULL,
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'already', 'refused', 'retrying')),
    said       text NOT NULL DEFAULT '',
    update_id  bigint REFERENCES partner_updates,
    next_at    timestamptz,
    PRIMARY KEY (run_id, position),
    UNIQUE (run_id, partner_order_id)
);
CREATE INDEX confirmation_items_due ON confirmation_items (next_at) WHERE next_at IS NOT NULL;

-- +goose Down
DROP TABLE confirmation_items, confirmation_runs;
DROP INDEX partner_updates_confirm_once;
ALTER TABLE partner_updates DROP CONSTRAINT partner_updates_confirm_names_payment, DROP COLUMN payment_id, DROP COLUMN actor, DROP COLUMN actor_id, DROP COLUMN actor_name;
