-- +goose Up
-- A table that is emptied at once fires no row's trigger; the totals are then counted anew.
-- +goose StatementBegin
CREATE FUNCTION day_totals_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rebuild_day_totals();
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER day_totals_emptied AFTER TRUNCATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION day_totals_emptied();
CREATE TRIGGER day_totals_emptied AFTER TRUNCATE ON operations FOR EACH STATEMENT EXECUTE FUNCTION day_totals_emptied();

-- +goose Down
DROP TRIGGER day_totals_emptied ON operations;
DROP TRIGGER day_totals_emptied ON orders;
DROP FUNCTION day_totals_emptied();
