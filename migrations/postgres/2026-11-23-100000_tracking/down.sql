DROP TABLE recorder_batch;
DROP TABLE mark_count;
DROP INDEX delivery_clicked;
DROP INDEX delivery_opened;
CREATE TABLE tally (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    kind TEXT NOT NULL CHECK (kind IN ('opens', 'clicks')),
    anonymous BOOLEAN NOT NULL,
    hits BIGINT NOT NULL,
    people BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, kind, anonymous)
);
INSERT INTO tally (campaign_id, kind, anonymous, hits, people)
SELECT campaign_id, kind, TRUE, SUM(hits), 0 FROM anonymous_count GROUP BY campaign_id, kind;
DROP TABLE anonymous_count;
