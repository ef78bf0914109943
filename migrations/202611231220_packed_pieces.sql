-- +goose Up
-- Files of gateways are text that packs to a third, and packing costs less than writing the rest. A server that
-- was built without lz4 keeps them as they are.
-- +goose StatementBegin
DO $$
BEGIN
    ALTER TABLE reconciliation_pieces ALTER COLUMN data SET STORAGE EXTENDED, ALTER COLUMN data SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
    ALTER TABLE reconciliation_pieces ALTER COLUMN data SET STORAGE EXTERNAL;
END
$$;
-- +goose StatementEnd

-- +goose Down
ALTER TABLE reconciliation_pieces ALTER COLUMN data SET STORAGE EXTERNAL, ALTER COLUMN data SET COMPRESSION default;
