-- Since when the person knows of the source of this answer, from a letter that named it (L-31). What was sent so far
-- named the source of the answer to its topic, and counts for every answer from there.
ALTER TABLE opt_in ADD COLUMN informed_at BIGINT;
UPDATE opt_in SET informed_at = (
    SELECT MAX(d.finished_at) FROM delivery d
    JOIN campaign c ON c.id = d.campaign_id
    JOIN opt_in told ON told.subscriber_id = d.subscriber_id AND told.topic_id = c.topic_id AND told.channel = c.channel
    WHERE d.subscriber_id = opt_in.subscriber_id AND d.state = 'sent' AND told.source_id = opt_in.source_id
    AND d.finished_at >= COALESCE(told.obtained_at, told.changed_at)
) WHERE source_id IN (SELECT id FROM source WHERE kind = 'supplier');
