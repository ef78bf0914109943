-- +goose Up
-- What kartify does again and again, how it went, and the copies that do it. Nothing here belongs to a store.

-- One chore: what it is, and where it stands.
CREATE TABLE chores (
    name           text PRIMARY KEY CHECK (name ~ '^[a-z][a-z-]{1,39}$'),
    about          text NOT NULL DEFAULT '', -- a sentence for people
    every_seconds  double precision NOT NULL,
    in_each        boolean NOT NULL,         -- each copy does it; otherwise the first to come does
    started_at     timestamptz,
    ended_at       timestamptz,
    touched        bigint NOT NULL DEFAULT 0,
    problem        text NOT NULL DEFAULT '', -- of the last run that went wrong
    problem_at     timestamptz,
    next_at        timestamptz,
    runs           bigint NOT NULL DEFAULT 0,
    total_touched  bigint NOT NULL DEFAULT 0
);

-- The runs worth telling of: those that touched something, went wrong, or were asked for by somebody.
CREATE TABLE job_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chore       text NOT NULL REFERENCES chores ON DELETE CASCADE,
    worker      text NOT NULL,
    requester   text NOT NULL DEFAULT '',
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz NOT NULL,
    touched     bigint NOT NULL,
    problem     text NOT NULL DEFAULT ''
);
CREATE INDEX job_runs_chore ON job_runs (chore, id DESC);
CREATE INDEX job_runs_age ON job_runs (started_at);

-- A copy of kartify that works, and when it last said so.
CREATE TABLE workers (
    id          text PRIMARY KEY,
    host        text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    beat_at     timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE workers, job_runs, chores;
