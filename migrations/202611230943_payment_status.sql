-- +goose Up
-- What a payment is called fits its money, whoever writes it: drawn money is never called pending, failed or given
-- back, and nothing is called paid or returned that is not. Only a change of the status is looked at.
-- +goose StatementBegin
CREATE FUNCTION payments_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status IS DISTINCT FROM OLD.status AND NOT (CASE NEW.status
        WHEN 'pending' THEN NEW.authorized_minor = 0 AND NEW.captured_minor = 0
        WHEN 'failed' THEN NEW.authorized_minor = 0 AND NEW.captured_minor = 0
        WHEN 'authorized' THEN NEW.authorized_minor > 0 AND NEW.captured_minor = 0 AND NEW.voided_at IS NULL
        WHEN 'canceled' THEN NEW.captured_minor = 0
        WHEN 'refunding' THEN NEW.refund_reserved_minor > 0
        WHEN 'refunded' THEN NEW.captured_minor > 0 AND NEW.refunded_minor = NEW.captured_minor
        WHEN 'partially_refunded' THEN NEW.refunded_minor > 0
        ELSE NEW.captured_minor > 0
    END) THEN
        RAISE EXCEPTION 'payment % cannot go from % to % with % authorized, % captured, % refunded', OLD.id, OLD.status, NEW.status, NEW.authorized_minor, NEW.captured_minor, NEW.refunded_minor
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER payments_status BEFORE UPDATE OF status ON payments FOR EACH ROW EXECUTE FUNCTION payments_status();

-- +goose Down
DROP TRIGGER payments_status ON payments;
DROP FUNCTION payments_status;
