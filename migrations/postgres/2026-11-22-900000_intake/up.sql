-- Requests that a program sent with a key of its own choice (`Idempotency-Key`), for a day: one that comes again is answered
-- as before and not done again.

-- `name_hash` is a keyed hash of what the program sent, `request_hash` one of method, address and body. `answer` is sealed, and
-- opens only with the server's secret; there is none while the request is worked on, or if the server died over it.
CREATE TABLE idempotency (
    api_key_id BIGINT NOT NULL REFERENCES api_key (id),
    name_hash BYTEA NOT NULL,
    request_hash BYTEA NOT NULL,
    answer BYTEA,
    begun_at BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, name_hash)
);
CREATE INDEX idempotency_by_time ON idempotency (begun_at);
