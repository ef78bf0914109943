-- +goose Up
-- How many orders and refunds there were on each day of each store: what the dashboard plots.
-- A change adds rows and never touches one, so that two changes of the same day do not wait for each
-- other; the totals are sums. A chore folds the rows of a day into one now and then.
CREATE TABLE day_totals (
    store_id  bigint NOT NULL,
    day       date NOT NULL,          -- as the clocks of the store have it
    kind      text NOT NULL CHECK (kind IN ('order', 'refund')),
    status    text NOT NULL,          -- of the order; of a refund, succeeded
    currency  char(3) NOT NULL,
    n         bigint NOT NULL,
    minor     bigint NOT NULL
);
CREATE INDEX day_totals_days ON day_totals (store_id, day, kind, status, currency) INCLUDE (n, minor);
SELECT kartify_wall('day_totals');

-- +goose StatementBegin
CREATE FUNCTION day_of_store(store bigint, at timestamptz) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT (at AT TIME ZONE coalesce((SELECT time_zone FROM stores WHERE id = store), 'UTC'))::date
$$;
-- +goose StatementEnd

-- What the totals are, counted anew.
CREATE VIEW day_counts WITH (security_invoker = true) AS
    SELECT o.store_id, (o.date_added AT TIME ZONE s.time_zone)::date AS day, 'order' AS kind, o.status, o.currency, count(*) AS n, sum(o.total_minor)::bigint AS minor
        FROM orders o JOIN stores s ON s.id = o.store_id GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT p.store_id, (coalesce(p.finished_at, p.created_at) AT TIME ZONE s.time_zone)::date, 'refund', 'succeeded', p.currency, count(*), sum(p.amount_minor)::bigint
        FROM operations p JOIN stores s ON s.id = p.store_id WHERE p.kind = 'refund' AND p.state = 'succeeded' GROUP BY 1, 2, 3, 4, 5;

-- +goose StatementBegin
CREATE FUNCTION rebuild_day_totals() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE written bigint;
BEGIN
    LOCK TABLE orders, operations IN SHARE MODE; -- nothing changes while it is counted
    LOCK TABLE day_totals IN EXCLUSIVE MODE;     -- and nothing is folded
    DELETE FROM day_totals;
    INSERT INTO day_totals (store_id, day, kind, status, currency, n, minor) SELECT store_id, day, kind, status, currency, n, minor FROM day_counts;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION day_totals_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO day_totals (store_id, day, kind, status, currency, n, minor)
    SELECT o.store_id, (o.date_added AT TIME ZONE s.time_zone)::date, 'order', o.status, o.currency, count(*), sum(o.total_minor)
        FROM added o JOIN stores s ON s.id = o.store_id GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION day_totals_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO day_totals (store_id, day, kind, status, currency, n, minor)
        VALUES (OLD.store_id, day_of_store(OLD.store_id, OLD.date_added), 'order', OLD.status, OLD.currency, -1, -OLD.total_minor);
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO day_totals (store_id, day, kind, status, currency, n, minor)
            VALUES (NEW.store_id, day_of_store(NEW.store_id, NEW.date_added), 'order', NEW.status, NEW.currency, 1, NEW.total_minor);
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER day_totals_added AFTER INSERT ON orders REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION day_totals_added();
CREATE TRIGGER day_totals_changed AFTER UPDATE OF status, currency, total_minor, date_added, store_id ON orders FOR EACH ROW
    WHEN ((OLD.status, OLD.currency, OLD.total_minor, OLD.date_added, OLD.store_id) IS DISTINCT FROM (NEW.status, NEW.currency, NEW.total_minor, NEW.date_added, NEW.store_id))
    EXECUTE FUNCTION day_totals_changed();
CREATE TRIGGER day_totals_deleted AFTER DELETE ON orders FOR EACH ROW EXECUTE FUNCTION day_totals_changed();

-- +goose StatementBegin
CREATE FUNCTION day_totals_refunded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'succeeded' THEN
        INSERT INTO day_totals (store_id, day, kind, status, currency, n, minor)
            VALUES (OLD.store_id, day_of_store(OLD.store_id, coalesce(OLD.finished_at, OLD.created_at)), 'refund', 'succeeded', OLD.currency, -1, -OLD.amount_minor);
    END IF;
    IF NEW.state = 'succeeded' THEN
        INSERT INTO day_totals (store_id, day, kind, status, currency, n, minor)
            VALUES (NEW.store_id, day_of_store(NEW.store_id, coalesce(NEW.finished_at, NEW.created_at)), 'refund', 'succeeded', NEW.currency, 1, NEW.amount_minor);
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER day_totals_refunded AFTER INSERT ON operations FOR EACH ROW
    WHEN (NEW.kind = 'refund' AND NEW.state = 'succeeded') EXECUTE FUNCTION day_totals_refunded();
CREATE TRIGGER day_totals_settled AFTER UPDATE OF state, finished_at ON operations FOR EACH ROW
    WHEN (NEW.kind = 'refund' AND (OLD.state = 'succeeded' OR NEW.state = 'succeeded') AND (OLD.state, OLD.finished_at) IS DISTINCT FROM (NEW.state, NEW.finished_at))
    EXECUTE FUNCTION day_totals_refunded();

-- A store that moves to another time zone has other days.
-- +goose StatementBegin
CREATE FUNCTION day_totals_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rebuild_day_totals();
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER day_totals_moved AFTER UPDATE OF time_zone ON stores FOR EACH ROW
    WHEN (OLD.time_zone <> NEW.time_zone) EXECUTE FUNCTION day_totals_moved();

SELECT rebuild_day_totals();

-- +goose Down
DROP TRIGGER day_totals_moved ON stores;
DROP TRIGGER day_totals_settled ON operations;
DROP TRIGGER day_totals_refunded ON operations;
DROP TRIGGER day_totals_deleted ON orders;
DROP TRIGGER day_totals_changed ON orders;
DROP TRIGGER day_totals_added ON orders;
DROP FUNCTION day_totals_moved();
DROP FUNCTION day_totals_refunded();
DROP FUNCTION day_totals_changed();
DROP FUNCTION day_totals_added();
DROP FUNCTION rebuild_day_totals();
DROP VIEW day_counts;
DROP FUNCTION day_of_store(bigint, timestamptz);
DROP TABLE day_totals;
