-- The wish to use another address: typed on the page of a person's data, and done by the button behind the link that is
-- mailed to the new address. What was typed, and the old address until its notice has left, are forgotten in time.
CREATE TABLE address_change (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    state TEXT NOT NULL CHECK (state IN ('asked', 'mailed', 'void', 'done')),
    new_email TEXT,
    old_email TEXT,
    language TEXT,
    asked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    done_at BIGINT
);
CREATE INDEX address_change_asked ON address_change (id) WHERE state = 'asked';
CREATE INDEX address_change_of_subscriber ON address_change (subscriber_id, id);
CREATE INDEX address_change_to ON address_change (new_email) WHERE new_email IS NOT NULL;
CREATE INDEX address_change_to_forget ON address_change (expires_at) WHERE new_email IS NOT NULL OR old_email IS NOT NULL;

-- The outbox learns three kinds of mail; SQLite changes a check only with the table.
CREATE TABLE outbox_new (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    kind TEXT NOT NULL CHECK (kind IN ('confirmation', 'preferences_link', 'data_link', 'address_change', 'address_changed', 'address_taken')),
    confirmation_id BIGINT REFERENCES confirmation (id),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'claimed', 'sent', 'failed', 'uncertain')),
    attempts INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    address_change_id BIGINT REFERENCES address_change (id)
);
INSERT INTO outbox_new (id, brand_id, subscriber_id, kind, confirmation_id, state, attempts, due_at, created_at)
    SELECT id, brand_id, subscriber_id, kind, confirmation_id, state, attempts, due_at, created_at FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_new RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'waiting';
CREATE INDEX outbox_claimed ON outbox (due_at) WHERE state = 'claimed';
CREATE INDEX outbox_of_subscriber ON outbox (subscriber_id, brand_id, kind, created_at);
