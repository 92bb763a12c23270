-- What a person chose about a brand as a whole: a pause until a moment, and how often it may write at most.

-- Append-only, as the ledger is: each row is what holds from `at` on.
CREATE TABLE brand_choice_entry (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    evidence_id BIGINT NOT NULL REFERENCES evidence (id),
    paused_until BIGINT,
    at_most TEXT NOT NULL CHECK (at_most IN ('each', 'weekly', 'monthly')),
    method TEXT NOT NULL,
    actor TEXT NOT NULL,
    campaign_id BIGINT,
    at BIGINT NOT NULL
);
CREATE INDEX brand_choice_entry_of_subscriber ON brand_choice_entry (subscriber_id, id);
CREATE TRIGGER brand_choice_entry_is_never_changed BEFORE UPDATE ON brand_choice_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER brand_choice_entry_is_never_shortened BEFORE DELETE ON brand_choice_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- What holds now, written in the transaction of its entry. No row: no pause, and each letter may come.
CREATE TABLE brand_choice (
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    paused_until BIGINT,
    at_most TEXT NOT NULL CHECK (at_most IN ('each', 'weekly', 'monthly')),
    changed_at BIGINT NOT NULL,
    entry_id BIGINT NOT NULL REFERENCES brand_choice_entry (id),
    PRIMARY KEY (subscriber_id, brand_id)
) WITHOUT ROWID;
