-- The brand's anonymous mode, in place of `tally`: requests of what all without permission share, by campaign, link and
-- hour, without any person. For opens `link_id` is 0. `hour` is its first microsecond. What was counted before links and
-- hours were told apart has 0 for both.
CREATE TABLE anonymous_count (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    kind TEXT NOT NULL CHECK (kind IN ('opens', 'clicks')),
    link_id BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    hits BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, kind, link_id, hour)
) WITHOUT ROWID;
INSERT INTO anonymous_count (campaign_id, kind, link_id, hour, hits)
SELECT campaign_id, kind, 0, 0, hits FROM tally WHERE anonymous;
DROP TABLE tally;

-- `opened_at` and `clicked_at` say when a person first did so, and go with that person's hits. These find the oldest.
CREATE INDEX delivery_opened ON delivery (opened_at) WHERE opened_at IS NOT NULL;
CREATE INDEX delivery_clicked ON delivery (clicked_at) WHERE clicked_at IS NOT NULL;

-- How many people's marks went, so that old reports keep their numbers: by domain (`name` is empty for all domains that few
-- letters went to) and by topic (`name` is its slug).
CREATE TABLE mark_count (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    part TEXT NOT NULL CHECK (part IN ('domain', 'topic')),
    name TEXT NOT NULL,
    opened BIGINT NOT NULL,
    clicked BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, part, name)
) WITHOUT ROWID;

-- A reason of its own for hits that no version judged says no more than that nothing is known.
UPDATE hit SET reason = 'nothing_known' WHERE reason = 'before_classes';

-- The last batch of hits that each server stored, so that one of which nobody heard whether it was is not stored twice.
-- `recorder` is a random number for each start; `at` is when its newest hit came. Only PostgreSQL needs it.
CREATE TABLE recorder_batch (
    recorder BIGINT NOT NULL PRIMARY KEY,
    batch BIGINT NOT NULL,
    at BIGINT NOT NULL
) WITHOUT ROWID;
