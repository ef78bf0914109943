-- +goose Up
-- What a gateway says was paid, in a file of its own, beside what is known here. The file is kept as it
-- came; the same file for the same store is the same reconciliation.

CREATE TABLE reconciliation_mappings (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id    bigint NOT NULL REFERENCES stores,
    name        text NOT NULL CHECK (name <> ''),
    gateway     text NOT NULL,
    columns     jsonb NOT NULL,             -- field → heading in the file
    zone        text NOT NULL,              -- in which its times are written
    currency    text NOT NULL DEFAULT '',   -- of files without a column for it
    paid        text NOT NULL DEFAULT '',   -- the words for paid, apart by commas; without any, every row is paid
    refunded    text NOT NULL DEFAULT '',   -- the words for money that was returned
    created_by  bigint REFERENCES users,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (store_id, name)
);

CREATE TABLE reconciliations (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id     bigint NOT NULL REFERENCES stores,
    gateway      text NOT NULL DEFAULT '',  -- known once the file is recognised
    format       text NOT NULL DEFAULT '',  -- ccavenue, razorpay, klarna, paykeeper, mapping
    mapping_id   bigint REFERENCES reconciliation_mappings,
    mapping      jsonb,                     -- the mapping as it was then
    file_name    text NOT NULL,
    bytes        bigint NOT NULL,
    sha256       bytea NOT NULL,
    encoding     text NOT NULL DEFAULT '',
    days         text NOT NULL CHECK (days IN ('gateway', 'store')), -- whose days begin and end the period
    zone         text NOT NULL DEFAULT '',  -- in which those days begin
    day_from     text NOT NULL DEFAULT '',  -- 2026-11-01; as asked for, or of the file's rows
    day_to       text NOT NULL DEFAULT '',
    asked_from   text NOT NULL DEFAULT '',
    asked_to     text NOT NULL DEFAULT '',
    state        text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    stage        text NOT NULL DEFAULT '',
    attempt      integer NOT NULL DEFAULT 0,
    read_rows    bigint NOT NULL DEFAULT 0, -- of the file, stored so far
    read_bytes   bigint NOT NULL DEFAULT 0, -- of the file, gone through so far
    problem      text NOT NULL DEFAULT '',
    problem_row  bigint NOT NULL DEFAULT 0,
    counts       jsonb NOT NULL DEFAULT '{}', -- class → rows
    sums         jsonb NOT NULL DEFAULT '[]', -- by currency
    user_id      bigint NOT NULL REFERENCES users,
    user_name    text NOT NULL,
    lease_until  timestamptz,               -- until when its maker has to show that it lives
    next_at      timestamptz,               -- when its job counts as lost
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    UNIQUE (store_id, sha256)
);
CREATE INDEX reconciliations_newest ON reconciliations (store_id, id DESC);
CREATE INDEX reconciliations_open ON reconciliations (state) WHERE state IN ('queued', 'running');

CREATE TABLE reconciliation_pieces (
    reconciliation_id  bigint NOT NULL REFERENCES reconciliations ON DELETE CASCADE,
    store_id           bigint NOT NULL REFERENCES stores,
    n                  integer NOT NULL,
    data               bytea NOT NULL,
    PRIMARY KEY (reconciliation_id, n)
);
ALTER TABLE reconciliation_pieces ALTER COLUMN data SET STORAGE EXTERNAL;

-- A row of the file, or behind the last of them an order that is paid here and not in the file. COPY does
-- not write through a wall, so rows are copied into the partition, which only the job touches; everybody
-- else reads the table, which has its wall.
CREATE TABLE reconciliation_rows (
    reconciliation_id     bigint NOT NULL,
    row                   bigint NOT NULL,     -- of the file, the first being 1
    store_id              bigint NOT NULL,
    kind                  text NOT NULL,       -- payment, refund, other, unreadable, here
    order_text            text NOT NULL DEFAULT '', -- the order as the file has it
    order_id              bigint,              -- ours
    payment_id            bigint,
    ref                   text NOT NULL DEFAULT '', -- of the payment at the gateway
    line_ref              text NOT NULL DEFAULT '', -- of this very entry there: a refund, a capture
    word                  text NOT NULL DEFAULT '', -- the gateway's own word
    there                 text NOT NULL DEFAULT '', -- paid, pending, failed, void
    currency              text NOT NULL DEFAULT '',
    amount_minor          bigint NOT NULL DEFAULT 0,
    refunded_minor        bigint NOT NULL DEFAULT 0, -- -1: some of it, the file does not say how much
    fee_minor             bigint NOT NULL DEFAULT 0,
    tax_minor             bigint NOT NULL DEFAULT 0,
    at                    timestamptz,
    problem               text NOT NULL DEFAULT '', -- why the row cannot be read
    class                 text NOT NULL DEFAULT 'agree',
    here_status           text NOT NULL DEFAULT '', -- of the order, when the rows were compared
    here_currency         text NOT NULL DEFAULT '',
    here_minor            bigint NOT NULL DEFAULT 0,
    here_refunded_minor   bigint NOT NULL DEFAULT 0,
    there_minor           bigint NOT NULL DEFAULT 0, -- of all rows of the order together
    there_refunded_minor  bigint NOT NULL DEFAULT 0,
    state                 text NOT NULL DEFAULT 'clean', -- clean, open, resolved
    opened_at             timestamptz,
    owner_id              bigint,
    owner_name            text NOT NULL DEFAULT '',
    action                text NOT NULL DEFAULT '', -- what resolved it
    comment               text NOT NULL DEFAULT '',
    resolved_by           text NOT NULL DEFAULT '',
    resolved_at           timestamptz,
    PRIMARY KEY (reconciliation_id, row)
) PARTITION BY RANGE (reconciliation_id);
CREATE TABLE reconciliation_rows_all PARTITION OF reconciliation_rows DEFAULT;
CREATE INDEX reconciliation_rows_differ ON reconciliation_rows (reconciliation_id, class, row) WHERE state <> 'clean';
CREATE INDEX reconciliation_rows_queue ON reconciliation_rows (store_id, opened_at) WHERE state = 'open';
CREATE INDEX reconciliation_rows_order ON reconciliation_rows (order_id) WHERE state <> 'clean';

SELECT kartify_wall(t) FROM unnest('{reconciliation_mappings,reconciliations,reconciliation_pieces,reconciliation_rows}'::regclass[]) AS t;

-- +goose Down
DROP TABLE reconciliation_rows, reconciliation_pieces, reconciliations, reconciliation_mappings;
