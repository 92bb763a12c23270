-- What a person did on a page in one go, so that they can keep a receipt of it and undo it.

-- `before` and `after` are their answers about the brand as JSON, without anything else about them. The entries of the
-- ledger (and of the choices about the brand) that belong to it are those of this person and brand above `_after` and up
-- to `_until`. Deleted when the person is erased.
CREATE TABLE act (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    campaign_id BIGINT,
    kind TEXT NOT NULL CHECK (kind IN ('saved', 'stopped', 'paused', 'resumed', 'unsubscribed', 'undone')),
    at BIGINT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    ledger_after BIGINT NOT NULL,
    ledger_until BIGINT NOT NULL,
    choices_after BIGINT NOT NULL,
    choices_until BIGINT NOT NULL,
    undoes BIGINT UNIQUE REFERENCES act (id),
    gave_reason BOOLEAN NOT NULL CHECK (gave_reason IN (0, 1))
);
CREATE INDEX act_of_subscriber ON act (subscriber_id, brand_id, id);

-- Why people unsubscribed, by campaign and without anybody: a count is all that is kept of it. 0 is no campaign.
CREATE TABLE unsubscribe_reason (
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    campaign_id BIGINT NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('too_many', 'not_for_me', 'never_asked', 'other')),
    people BIGINT NOT NULL,
    PRIMARY KEY (brand_id, campaign_id, reason)
) WITHOUT ROWID;

-- How often a topic comes, in words, and an example of it.
ALTER TABLE topic ADD COLUMN frequency_note TEXT NOT NULL DEFAULT '';
ALTER TABLE topic ADD COLUMN example_url TEXT;
