-- +goose Up
-- The refunds still waiting, in the order of the list: they are few, however many were ever asked for.
CREATE INDEX order_events_seen_waiting_list ON order_events_seen (event, date_added DESC, order_id DESC) INCLUDE (store_id) WHERE waiting;

-- A person's preferences change with their views, so that a page which keeps what it read by them shows
-- a new view at once.
-- +goose StatementBegin
CREATE FUNCTION saved_views_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET preferences = jsonb_set(preferences, '{views}', to_jsonb(coalesce((preferences->>'views')::bigint, 0) + 1))
        WHERE id = coalesce(NEW.user_id, OLD.user_id);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER saved_views_note AFTER INSERT OR UPDATE OR DELETE ON saved_views FOR EACH ROW EXECUTE FUNCTION saved_views_note();

-- +goose Down
DROP TRIGGER saved_views_note ON saved_views;
DROP FUNCTION saved_views_note();
DROP INDEX order_events_seen_waiting_list;
