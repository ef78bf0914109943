-- +goose Up
-- Where a person has signed in from: when an account is being attacked from everywhere, these addresses still get in.
CREATE TABLE login_places (
    user_id  bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    address  text NOT NULL,
    last_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, address)
);
CREATE INDEX login_places_age ON login_places (last_at);

-- +goose Down
DROP TABLE login_places;
