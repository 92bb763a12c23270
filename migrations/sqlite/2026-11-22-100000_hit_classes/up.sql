-- Honest classes: what each hit was, as far as can be told, and counters of each class.

-- A hit is stored at once and judged when it has been quiet for a while: `class` is empty until then. `reason` is first
-- what the request itself gave away, if anything, and then why the hit is of its class. No address and no user agent is
-- ever here. No foreign keys: the transaction that stores a hit has read its campaign and its person anyway, and nothing
-- that a hit points to is ever deleted.
CREATE TABLE new_hit (
    id INTEGER NOT NULL PRIMARY KEY,
    campaign_id BIGINT NOT NULL,
    subscriber_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('opens', 'clicks')),
    link_id BIGINT,
    at BIGINT NOT NULL,
    class TEXT CHECK (class IN ('human', 'proxy', 'prefetch', 'scanner', 'duplicate', 'preview', 'unknown')),
    reason TEXT
);
INSERT INTO new_hit (id, campaign_id, subscriber_id, kind, link_id, at, class, reason)
SELECT id, campaign_id, subscriber_id, kind, link_id, at, 'unknown', 'before_classes' FROM hit;
DROP TABLE hit;
ALTER TABLE new_hit RENAME TO hit;
-- Hits come in the order of time, so storing one touches the end of an index and no other page of it. Only when it is
-- judged it enters the index by person, many at a time.
CREATE INDEX hit_unjudged ON hit (at) WHERE class IS NULL;
CREATE INDEX hit_of_subscriber ON hit (subscriber_id, at) WHERE class IS NOT NULL;

-- What reports show: counters by campaign, hour and class, without any person. For opens `link_id` is 0. For clicks the
-- rows with 0 are of the campaign as a whole and the others of one link each, so never add the two up. `hour` is its first
-- microsecond. `people` had their first hit of class human (of this campaign and kind, or of this link) in this hour, so
-- a sum over hours counts everybody once.
CREATE TABLE hit_count (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    kind TEXT NOT NULL CHECK (kind IN ('opens', 'clicks')),
    link_id BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    class TEXT NOT NULL CHECK (class IN ('human', 'proxy', 'prefetch', 'scanner', 'duplicate', 'preview', 'unknown')),
    hits BIGINT NOT NULL,
    people BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, kind, link_id, hour, class)
) WITHOUT ROWID;
INSERT INTO hit_count (campaign_id, kind, link_id, hour, class, hits, people)
SELECT campaign_id, kind, 0, at - at % 3600000000, 'unknown', count(*), 0 FROM hit GROUP BY 1, 2, 4;
INSERT INTO hit_count (campaign_id, kind, link_id, hour, class, hits, people)
SELECT campaign_id, kind, link_id, at - at % 3600000000, 'unknown', count(*), 0
FROM hit WHERE link_id IS NOT NULL GROUP BY 1, 2, 3, 4;
-- From now on these are set by a hit of class human.
UPDATE delivery SET opened_at = NULL, clicked_at = NULL WHERE opened_at IS NOT NULL OR clicked_at IS NOT NULL;

-- Left for the brand's anonymous mode alone.
DELETE FROM tally WHERE NOT anonymous;
