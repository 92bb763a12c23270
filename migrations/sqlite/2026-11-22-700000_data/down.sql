CREATE TABLE outbox_old (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    kind TEXT NOT NULL CHECK (kind IN ('confirmation', 'preferences_link', 'data_link')),
    confirmation_id BIGINT REFERENCES confirmation (id),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'claimed', 'sent', 'failed', 'uncertain')),
    attempts INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO outbox_old (id, brand_id, subscriber_id, kind, confirmation_id, state, attempts, due_at, created_at)
    SELECT id, brand_id, subscriber_id, kind, confirmation_id, state, attempts, due_at, created_at FROM outbox
    WHERE kind IN ('confirmation', 'preferences_link', 'data_link');
DROP TABLE outbox;
ALTER TABLE outbox_old RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'waiting';
CREATE INDEX outbox_claimed ON outbox (due_at) WHERE state = 'claimed';
CREATE INDEX outbox_of_subscriber ON outbox (subscriber_id, brand_id, kind, created_at);
DROP TABLE address_change;
