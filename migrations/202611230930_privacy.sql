-- +goose Up
-- People's data: what was asked about it, what was erased, and how what was erased stays erased.

ALTER TABLE orders ADD COLUMN erased_at timestamptz;
ALTER TABLE webhooks ADD COLUMN erased_at timestamptz;
ALTER TABLE emails ADD COLUMN erased_at timestamptz, ADD COLUMN raw_sha256 bytea; -- of the message that was there
ALTER TABLE reconciliations ADD COLUMN erased_at timestamptz;                     -- its file was; the rows read from it stay

-- The orders whose customer was erased, for the triggers below: few, and without a wall to look over.
CREATE TABLE erased_orders (
    order_id  bigint PRIMARY KEY REFERENCES orders ON DELETE CASCADE
);

-- Whether a value is personal by the name it stands under. inside is what it is part of: 'person', 'address' or nothing.
-- +goose StatementBegin
CREATE FUNCTION privacy_key(key text, inside text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN k ~ '(country|countrycode|countryiso|countryisocode|currency|amount|total|minor|status|network|addresstype)$' THEN false
        WHEN k ~ '(email|phone|mobile|msisdn|telephone|vpa|cardholder|firstname|lastname|fullname|surname|address)' THEN true
        WHEN k ~ '^(billing|delivery|shipping|customer|buyer|client|payer|consignee|recipient|shopper|user|guser|holder)(name|fio|address.*|street.*|city|state|zip|postcode|pincode|tel|contact|company|notes|ip|id|uid|identifier|login)?$' THEN inside <> '' OR k !~ '^(billing|delivery|shipping)$'
        WHEN k = ANY ('{mail,contact,tel,holder,nameoncard,contactperson,dob,dateofbirth,birthday,gender,pan,gstin,upiid,ip,ipaddress,latitude,longitude,accountnumber,bankaccount,iban,passport,nationalid,personnummer,ssn,landmark,pincode,postcode,postalcode,zip,zipcode,areacode,line1,line2,street,cardfirst6,cardlast4,last4,first6,cardnumber,cardname,useragent,request,answer,response,body,raw,fop_client,fio}') THEN true
        WHEN inside = 'address' THEN true
        WHEN inside = 'person' THEN k = ANY ('{name,middlename,displayname,username,company,title,id,uid,city,state,area,sector}')
        ELSE false
    END
    FROM (SELECT regexp_replace(lower(key), '[^a-z0-9]', '', 'g') AS k) AS plain
$$;
-- +goose StatementEnd
-- What an object or a list is about, by the name it stands under.
-- +goose StatementBegin
CREATE FUNCTION privacy_place(key text, inside text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN k ~ '(address|billingdetails|shippingdetails|deliverydetails|geolocation)' THEN 'address'
        WHEN k ~ '(email|phone|mobile|contact)' THEN 'address'
        WHEN k ~ '(customer|buyer|user|consignee|recipient|shopper|person|payer|cardholder|beneficiary|^card$|^client$)' THEN 'person'
        ELSE inside
    END
    FROM (SELECT regexp_replace(lower(key), '[^a-z0-9]', '', 'g') AS k) AS plain
$$;
-- +goose StatementEnd
-- A text without e-mail addresses.
-- +goose StatementBegin
CREATE FUNCTION privacy_text(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(t, '[A-Za-z0-9._%+''-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*', 'erased', 'g')
$$;
-- +goose StatementEnd
-- A document without what is personal in it: texts become empty and numbers 0, everything else stays.
-- +goose StatementBegin
CREATE FUNCTION privacy_scrub(doc jsonb, inside text DEFAULT '') RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN CASE jsonb_typeof(doc)
        WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(key, CASE
                WHEN jsonb_typeof(value) IN ('object', 'array') THEN privacy_scrub(value, privacy_place(key, inside))
                WHEN jsonb_typeof(value) = 'string' AND privacy_key(key, inside) THEN '""'::jsonb
                WHEN jsonb_typeof(value) = 'number' AND privacy_key(key, inside) THEN '0'::jsonb
                WHEN jsonb_typeof(value) = 'string' THEN to_jsonb(privacy_text(value #>> '{}'))
                ELSE value END), '{}') FROM jsonb_each(doc))
        WHEN 'array' THEN (SELECT coalesce(jsonb_agg(privacy_scrub(value, inside) ORDER BY n), '[]') FROM jsonb_array_elements(doc) WITH ORDINALITY AS e(value, n))
        WHEN 'string' THEN CASE WHEN inside = 'address' THEN '""'::jsonb ELSE to_jsonb(privacy_text(doc #>> '{}')) END
        ELSE doc
    END;
END
$$;
-- +goose StatementEnd
-- What privacy_scrub would take out of a document.
-- +goose StatementBegin
CREATE FUNCTION privacy_words(doc jsonb, inside text DEFAULT '') RETURNS TABLE (key text, word text) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF jsonb_typeof(doc) = 'object' THEN
        RETURN QUERY SELECT e.key, e.value #>> '{}' FROM jsonb_each(doc) e
            WHERE jsonb_typeof(e.value) IN ('string', 'number') AND privacy_key(e.key, inside) AND e.value #>> '{}' <> '';
        RETURN QUERY SELECT w.key, w.word FROM jsonb_each(doc) e CROSS JOIN LATERAL privacy_words(e.value, privacy_place(e.key, inside)) w
            WHERE jsonb_typeof(e.value) IN ('object', 'array');
    ELSIF jsonb_typeof(doc) = 'array' THEN
        RETURN QUERY SELECT w.key, w.word FROM jsonb_array_elements(doc) e CROSS JOIN LATERAL privacy_words(e, inside) w;
    END IF;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION privacy_erased(id bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM erased_orders WHERE order_id = id)
$$;
-- +goose StatementEnd
-- What stands where the bytes of a message were.
-- +goose StatementBegin
CREATE FUNCTION privacy_note() RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT convert_to('Erased at the wish of whom it was about. The SHA-256 of what was here is kept.', 'UTF8')
$$;
-- +goose StatementEnd

-- An erased order has no customer any more, whatever is written into it later.
-- +goose StatementBegin
CREATE FUNCTION orders_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.erased_at IS NOT NULL THEN
        NEW.erased_at := OLD.erased_at;
    END IF;
    NEW.customer_name := 'Erased';
    NEW.customer_email := '';
    NEW.customer_phone := '';
    NEW.company := '';
    NEW.billing_address := jsonb_strip_nulls(jsonb_build_object('country', nullif(NEW.billing_address->>'country', '')));
    NEW.shipping_address := jsonb_strip_nulls(jsonb_build_object('country', nullif(NEW.shipping_address->>'country', '')));
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER orders_erased_insert BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.erased_at IS NOT NULL) EXECUTE FUNCTION orders_erased();
CREATE TRIGGER orders_erased_update BEFORE UPDATE ON orders FOR EACH ROW
    WHEN (NEW.erased_at IS NOT NULL OR OLD.erased_at IS NOT NULL) EXECUTE FUNCTION orders_erased();
-- +goose StatementBegin
CREATE FUNCTION orders_erased_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO erased_orders (order_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER orders_erased_note AFTER INSERT OR UPDATE OF erased_at ON orders FOR EACH ROW WHEN (NEW.erased_at IS NOT NULL) EXECUTE FUNCTION orders_erased_note();

-- The same for what hangs on it.
-- +goose StatementBegin
CREATE FUNCTION payments_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF privacy_erased(NEW.order_id) THEN
        NEW.card_first6 := '';
        NEW.card_last4 := '';
        NEW.params := privacy_scrub(NEW.params);
        NEW.fiscal := privacy_scrub(NEW.fiscal);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER payments_erased BEFORE INSERT OR UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION payments_erased();

-- +goose StatementBegin
CREATE FUNCTION operations_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.before IS NOT NULL AND privacy_erased(NEW.order_id) THEN
        NEW.before := privacy_scrub(NEW.before);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER operations_erased BEFORE INSERT OR UPDATE ON operations FOR EACH ROW EXECUTE FUNCTION operations_erased();
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION operations_sent_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.once AND OLD.first_sent_at IS NOT NULL AND NEW.state = 'dispatching' AND OLD.state <> 'dispatching' THEN
        RAISE EXCEPTION 'operation % may have been sent, and is never sent twice', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.once AND NOT NEW.once THEN
        RAISE EXCEPTION 'operation % stays one that is sent once', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.first_sent_at IS NOT NULL AND NEW.first_sent_at IS NOT NULL AND NEW.before IS DISTINCT FROM OLD.before
        AND NEW.before IS DISTINCT FROM privacy_scrub(OLD.before) THEN -- only what is personal may go
        RAISE EXCEPTION 'what came before operation % is known and stays', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION operation_attempts_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM operations o JOIN erased_orders e ON e.order_id = o.order_id WHERE o.id = NEW.operation_id) THEN
        NEW.exchanges := privacy_scrub(NEW.exchanges);
        NEW.detail := privacy_text(NEW.detail);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER operation_attempts_erased BEFORE INSERT OR UPDATE ON operation_attempts FOR EACH ROW EXECUTE FUNCTION operation_attempts_erased();

-- A webhook keeps its body as long as it is to be acted upon.
-- +goose StatementBegin
CREATE FUNCTION webhooks_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.erased_at IS NULL AND NEW.state NOT IN ('received', 'parked') AND privacy_erased(NEW.order_id) THEN
        NEW.erased_at := clock_timestamp();
        NEW.body := privacy_note();
        NEW.headers := '{}';
        NEW.effect := privacy_text(NEW.effect);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER webhooks_erased BEFORE INSERT OR UPDATE ON webhooks FOR EACH ROW WHEN (NEW.order_id IS NOT NULL) EXECUTE FUNCTION webhooks_erased();

-- An e-mail that is being handed over is left until it was.
-- +goose StatementBegin
CREATE FUNCTION emails_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.erased_at IS NOT NULL OR NEW.state = 'sending' OR NEW.audience = 'self' AND NEW.state = 'queued' OR NOT privacy_erased(NEW.order_id) THEN
        RETURN NEW;
    END IF;
    IF NEW.state = 'queued' THEN
        NEW.state := 'not_sent';
        IF TG_OP = 'UPDATE' AND OLD.state = 'sending' THEN
            NEW.state := 'failed';
        END IF;
        NEW.cause := 'no_letter';
        NEW.why := 'The customer''s data was erased, so nobody is written to.';
        NEW.next_at := NULL;
        NEW.done_at := clock_timestamp();
    END IF;
    IF NEW.raw IS NOT NULL THEN
        NEW.raw_sha256 := sha256(NEW.raw);
        NEW.raw := privacy_note();
        NEW.subject := 'Erased';
        NEW.html_body := '';
        NEW.text_body := 'Erased at the wish of whom it was about.';
    END IF;
    IF NEW.audience <> 'self' AND NEW.recipient <> '' THEN
        NEW.recipient := 'erased';
    END IF;
    NEW.answer := '';
    NEW.why := privacy_text(NEW.why);
    NEW.erased_at := clock_timestamp();
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER emails_erased BEFORE INSERT OR UPDATE ON emails FOR EACH ROW EXECUTE FUNCTION emails_erased();
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION emails_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'e-mails are not deleted' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.raw IS NOT NULL AND (NEW.raw IS DISTINCT FROM OLD.raw OR NEW.message_id <> OLD.message_id OR NEW.recipient <> OLD.recipient)
        AND NOT (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.raw = privacy_note() AND NEW.raw_sha256 = sha256(OLD.raw)) THEN
        RAISE EXCEPTION 'a written e-mail is never written otherwise' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> OLD.state AND NOT (OLD.state, NEW.state) IN (
        ('queued', 'sending'), ('queued', 'not_sent'), ('queued', 'failed'), ('sending', 'queued'), ('sending', 'sent'),
        ('sending', 'failed'), ('sending', 'unknown'), ('unknown', 'sent')) THEN
        RAISE EXCEPTION 'an e-mail does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION checkouts_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'starting' AND privacy_erased(NEW.order_id) THEN
        NEW.form := NULL;
        NEW.url := '';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER checkouts_erased BEFORE INSERT OR UPDATE ON checkouts FOR EACH ROW EXECUTE FUNCTION checkouts_erased();

-- +goose StatementBegin
CREATE FUNCTION notification_attempts_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM notifications n JOIN erased_orders e ON e.order_id = n.order_id WHERE n.id = NEW.notification_id) THEN
        NEW.sent := 'Erased at the wish of whom it was about.';
        NEW.answer := '';
        NEW.problem := privacy_text(NEW.problem);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER notification_attempts_erased BEFORE INSERT OR UPDATE ON notification_attempts FOR EACH ROW EXECUTE FUNCTION notification_attempts_erased();

-- +goose StatementBegin
CREATE FUNCTION bodies_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF privacy_erased(NEW.order_id) THEN
        NEW.body := privacy_scrub(NEW.body);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER fynd_sessions_erased BEFORE INSERT OR UPDATE ON fynd_sessions FOR EACH ROW EXECUTE FUNCTION bodies_erased();
CREATE TRIGGER fynd_refunds_erased BEFORE INSERT OR UPDATE ON fynd_refunds FOR EACH ROW EXECUTE FUNCTION bodies_erased();

-- +goose StatementBegin
CREATE FUNCTION partner_updates_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF privacy_erased(NEW.order_id) THEN
        NEW.log := privacy_scrub(NEW.log);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER partner_updates_erased BEFORE INSERT OR UPDATE ON partner_updates FOR EACH ROW EXECUTE FUNCTION partner_updates_erased();

-- A wish about somebody's data: Fynd's or a member of staff's. Who it is about stands sealed in it until it is done.
CREATE TABLE privacy_requests (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin          text NOT NULL CHECK (origin IN ('fynd', 'staff', 'command')),
    extension_id    bigint REFERENCES fynd_extensions,
    request_id      text NOT NULL CHECK (length(request_id) BETWEEN 1 AND 200),
    kind            text NOT NULL CHECK (kind IN ('data_request', 'customer', 'shop')),
    company_id      text NOT NULL DEFAULT '',
    application_id  text NOT NULL DEFAULT '',
    stores          bigint[] NOT NULL DEFAULT '{}',        -- whose records it is about
    subject         text NOT NULL DEFAULT '',              -- as it is shown: masked
    sealed          text NOT NULL DEFAULT '',              -- who it is about, and what to look for; empty when it is done
    digest          bytea NOT NULL,                        -- keyed, of what was asked
    marks           bytea[] NOT NULL DEFAULT '{}',         -- keyed digests of who it is about
    state           text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'waiting', 'done')),
    problem         text NOT NULL DEFAULT '',              -- what went wrong last, or what it waits for: a sentence
    counts          jsonb NOT NULL DEFAULT '{}',
    tries           integer NOT NULL DEFAULT 0,
    lease_until     timestamptz,
    next_at         timestamptz,
    actor           text NOT NULL,
    actor_id        bigint,
    actor_name      text NOT NULL,
    actor_address   text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    started_at      timestamptz,
    done_at         timestamptz,
    CHECK ((state = 'done') = (done_at IS NOT NULL)),
    CHECK (state <> 'done' OR sealed = '')
);
CREATE UNIQUE INDEX privacy_requests_once ON privacy_requests (coalesce(extension_id, 0), request_id);
CREATE INDEX privacy_requests_due ON privacy_requests (next_at) WHERE next_at IS NOT NULL;

-- The data of a person that was asked for, sealed.
CREATE TABLE privacy_files (
    request_id  bigint PRIMARY KEY REFERENCES privacy_requests,
    data        text NOT NULL,
    bytes       bigint NOT NULL,
    sha256      bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL
);
-- Who has taken it away: each person may, once.
CREATE TABLE privacy_downloads (
    request_id  bigint NOT NULL REFERENCES privacy_requests,
    user_id     bigint NOT NULL REFERENCES users,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (request_id, user_id)
);

-- Who was erased, as keyed digests, so that what comes late of them is known. The key is sealed.
CREATE TABLE privacy_keys (
    id      integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    sealed  text NOT NULL
);
CREATE TABLE privacy_people (
    store_id    bigint NOT NULL REFERENCES stores,
    mark        bytea NOT NULL,
    erased_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (store_id, mark)
);
SELECT kartify_wall('privacy_people');
ALTER TABLE privacy_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY store_wall ON privacy_requests USING ((SELECT kartify_everything()) OR stores <@ (SELECT kartify_stores())::bigint[]);
ALTER TABLE privacy_files ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_files FORCE ROW LEVEL SECURITY;
CREATE POLICY store_wall ON privacy_files USING (EXISTS (SELECT 1 FROM privacy_requests r WHERE r.id = privacy_files.request_id));
ALTER TABLE privacy_downloads ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_downloads FORCE ROW LEVEL SECURITY;
CREATE POLICY store_wall ON privacy_downloads USING (EXISTS (SELECT 1 FROM privacy_requests r WHERE r.id = privacy_downloads.request_id));

-- Personal data that found its way into an old row of the audit log is taken out of it in the open: the row keeps its
-- hash and its place, and a later row of the same log says which row it was and what the hash of its rest is.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('kartify.redact', true) = 'on' THEN
        IF (NEW.chain, NEW.seq, NEW.store_id, NEW.at, NEW.actor, NEW.actor_id, NEW.actor_name, NEW.address, NEW.action, NEW.order_id, NEW.prev_hash, NEW.hash)
            IS NOT DISTINCT FROM (OLD.chain, OLD.seq, OLD.store_id, OLD.at, OLD.actor, OLD.actor_id, OLD.actor_name, OLD.address, OLD.action, OLD.order_id, OLD.prev_hash, OLD.hash) THEN
            INSERT INTO audit_log (chain, actor, actor_name, action, object, details)
            VALUES (NEW.chain, 'job', 'kartify', 'audit.redacted', 'row ' || NEW.seq || ' of the log', jsonb_build_object('seq', NEW.seq, 'hash', encode(audit_hash(NEW.prev_hash, NEW), 'hex')));
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'check_violation';
END
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'check_violation';
END
$$;
-- +goose StatementEnd
DROP TABLE privacy_people, privacy_keys, privacy_downloads, privacy_files, privacy_requests;
DROP TRIGGER partner_updates_erased ON partner_updates;
DROP TRIGGER fynd_refunds_erased ON fynd_refunds;
DROP TRIGGER fynd_sessions_erased ON fynd_sessions;
DROP TRIGGER notification_attempts_erased ON notification_attempts;
DROP TRIGGER checkouts_erased ON checkouts;
DROP TRIGGER emails_erased ON emails;
DROP TRIGGER webhooks_erased ON webhooks;
DROP TRIGGER operation_attempts_erased ON operation_attempts;
DROP TRIGGER operations_erased ON operations;
DROP TRIGGER payments_erased ON payments;
DROP TRIGGER orders_erased_note ON orders;
DROP TRIGGER orders_erased_update ON orders;
DROP TRIGGER orders_erased_insert ON orders;
DROP FUNCTION partner_updates_erased();
DROP FUNCTION bodies_erased();
DROP FUNCTION notification_attempts_erased();
DROP FUNCTION checkouts_erased();
DROP FUNCTION emails_erased();
DROP FUNCTION webhooks_erased();
DROP FUNCTION operation_attempts_erased();
DROP FUNCTION operations_erased();
DROP FUNCTION payments_erased();
DROP FUNCTION orders_erased_note();
DROP FUNCTION orders_erased();
DROP FUNCTION privacy_words(jsonb, text);
DROP TABLE erased_orders;
ALTER TABLE reconciliations DROP COLUMN erased_at;
ALTER TABLE emails DROP COLUMN erased_at, DROP COLUMN raw_sha256;
ALTER TABLE webhooks DROP COLUMN erased_at;
ALTER TABLE orders DROP COLUMN erased_at;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION operations_sent_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.once AND OLD.first_sent_at IS NOT NULL AND NEW.state = 'dispatching' AND OLD.state <> 'dispatching' THEN
        RAISE EXCEPTION 'operation % may have been sent, and is never sent twice', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.once AND NOT NEW.once THEN
        RAISE EXCEPTION 'operation % stays one that is sent once', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.first_sent_at IS NOT NULL AND NEW.first_sent_at IS NOT NULL AND NEW.before IS DISTINCT FROM OLD.before THEN
        RAISE EXCEPTION 'what came before operation % is known and stays', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION emails_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'e-mails are not deleted' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.raw IS NOT NULL AND (NEW.raw IS DISTINCT FROM OLD.raw OR NEW.message_id <> OLD.message_id OR NEW.recipient <> OLD.recipient) THEN
        RAISE EXCEPTION 'a written e-mail is never written otherwise' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> OLD.state AND NOT (OLD.state, NEW.state) IN (
        ('queued', 'sending'), ('queued', 'not_sent'), ('queued', 'failed'), ('sending', 'queued'), ('sending', 'sent'),
        ('sending', 'failed'), ('sending', 'unknown'), ('unknown', 'sent')) THEN
        RAISE EXCEPTION 'an e-mail does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
DROP FUNCTION privacy_note();
DROP FUNCTION privacy_erased(bigint);
DROP FUNCTION privacy_scrub(jsonb, text);
DROP FUNCTION privacy_text(text);
DROP FUNCTION privacy_place(text, text);
DROP FUNCTION privacy_key(text, text);
