DROP TABLE hit_count;
CREATE TABLE old_hit (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    kind TEXT NOT NULL CHECK (kind IN ('opens', 'clicks')),
    link_id BIGINT REFERENCES link (id),
    at BIGINT NOT NULL
);
INSERT INTO old_hit SELECT id, campaign_id, subscriber_id, kind, link_id, at FROM hit;
DROP TABLE hit;
ALTER TABLE old_hit RENAME TO hit;
CREATE INDEX hit_of_subscriber ON hit (subscriber_id);
