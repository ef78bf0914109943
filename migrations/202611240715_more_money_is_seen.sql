-- +goose Up
-- More money for an order that was left as it is brings it back to the board, also when it comes by another capture
-- of a payment that had money before.
DROP TRIGGER limbo_paid_payment ON payments;
CREATE TRIGGER limbo_paid_payment AFTER UPDATE OF captured_minor, refunded_minor ON payments FOR EACH ROW
    WHEN ((OLD.captured_minor > OLD.refunded_minor) <> (NEW.captured_minor > NEW.refunded_minor) OR NEW.captured_minor > OLD.captured_minor)
    EXECUTE FUNCTION limbo_paid_payment();

-- +goose Down
DROP TRIGGER limbo_paid_payment ON payments;
CREATE TRIGGER limbo_paid_payment AFTER UPDATE OF captured_minor, refunded_minor ON payments FOR EACH ROW
    WHEN ((OLD.captured_minor > OLD.refunded_minor) <> (NEW.captured_minor > NEW.refunded_minor))
    EXECUTE FUNCTION limbo_paid_payment();
