-- +goose Up
-- With which settings a payment was begun, or was first shown by its gateway: it is in the account that these name.
-- The database itself refuses settings of another store, gateway or mode.
ALTER TABLE gateway_settings ADD CONSTRAINT gateway_settings_place UNIQUE (id, store_id, gateway, mode);
ALTER TABLE payments ADD COLUMN settings_id bigint;
ALTER TABLE payments ADD CONSTRAINT payments_settings FOREIGN KEY (settings_id, store_id, gateway, mode)
    REFERENCES gateway_settings (id, store_id, gateway, mode) NOT VALID;

UPDATE payments p SET settings_id = s.id FROM checkouts c JOIN gateway_settings s ON s.id = c.settings_id
    WHERE c.payment_id = p.id AND (s.store_id, s.gateway, s.mode) = (p.store_id, p.gateway, p.mode);

-- What was not begun here is where an operation on it arrived.
UPDATE payments p SET settings_id = s.id FROM (SELECT DISTINCT ON (payment_id) payment_id, settings_id FROM operations
        WHERE settings_id IS NOT NULL AND state IN ('pending', 'succeeded') AND source <> 'provider' ORDER BY payment_id, id) o
    JOIN gateway_settings s ON s.id = o.settings_id
    WHERE o.payment_id = p.id AND p.settings_id IS NULL AND (s.store_id, s.gateway, s.mode) = (p.store_id, p.gateway, p.mode);

-- +goose Down
ALTER TABLE payments DROP COLUMN settings_id;
ALTER TABLE gateway_settings DROP CONSTRAINT gateway_settings_place;
