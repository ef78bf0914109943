-- +goose Up
-- Files of orders that people take home, and how far each has come. A file made in the background is kept
-- in pieces, so that every copy of the program can serve it.

CREATE TABLE exports (
    id           text PRIMARY KEY CHECK (id ~ '^[A-Z2-7]{26}$'), -- random: who has no right cannot guess it
    stores       bigint[] NOT NULL CHECK (cardinality(stores) > 0), -- whose orders may be in it
    user_id      bigint NOT NULL REFERENCES users,
    user_name    text NOT NULL,
    format       text NOT NULL CHECK (format IN ('csv', 'xlsx')),
    streamed     boolean NOT NULL,          -- sent while it was made, and not kept
    query        text NOT NULL,             -- the filter as the list has it in its address
    zone         text NOT NULL,             -- in which the days of the filter begin
    state        text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'expired', 'removed')),
    attempt      integer NOT NULL DEFAULT 0, -- the one whose pieces count
    promised     bigint,                    -- orders in the snapshot; null until counted
    written      bigint NOT NULL DEFAULT 0,
    bytes        bigint NOT NULL DEFAULT 0,
    pieces       integer NOT NULL DEFAULT 0,
    sha256       bytea,                     -- of the file
    rows_sha256  bytea,                     -- of its rows as CSV
    problem      text NOT NULL DEFAULT '',
    lease_until  timestamptz,               -- until when its maker has to show that it lives
    next_at      timestamptz,               -- when its job counts as lost
    created_at   timestamptz NOT NULL DEFAULT now(),
    snapshot_at  timestamptz,
    finished_at  timestamptz,
    expires_at   timestamptz,
    CONSTRAINT exports_whole CHECK (state <> 'done' OR (promised IS NOT NULL AND written = promised AND sha256 IS NOT NULL AND finished_at IS NOT NULL))
);
CREATE INDEX exports_newest ON exports (created_at DESC);
CREATE INDEX exports_person ON exports (user_id, created_at);
CREATE INDEX exports_open ON exports (state) WHERE state IN ('queued', 'running');

CREATE TABLE export_pieces (
    export_id  text NOT NULL REFERENCES exports ON DELETE CASCADE,
    attempt    integer NOT NULL,
    n          integer NOT NULL,
    data       bytea NOT NULL,
    PRIMARY KEY (export_id, attempt, n)
);
ALTER TABLE export_pieces ALTER COLUMN data SET STORAGE EXTERNAL;

-- An export is for those who see every store in it.
ALTER TABLE exports ENABLE ROW LEVEL SECURITY;
ALTER TABLE exports FORCE ROW LEVEL SECURITY;
CREATE POLICY store_wall ON exports USING ((SELECT kartify_everything()) OR stores <@ (SELECT kartify_stores())::bigint[]);
ALTER TABLE export_pieces ENABLE ROW LEVEL SECURITY;
ALTER TABLE export_pieces FORCE ROW LEVEL SECURITY;
CREATE POLICY store_wall ON export_pieces USING (EXISTS (SELECT 1 FROM exports e WHERE e.id = export_id));

-- +goose Down
DROP TABLE export_pieces, exports;
