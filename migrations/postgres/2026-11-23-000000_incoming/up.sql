-- Reports of complaints and opt-outs that name a letter of ours and that their sender's domain did not sign: kept to be
-- looked at, and not acted on. One for a letter, the first. `domain` is the one that the report says it is from.
CREATE TABLE unverified_report (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    kind TEXT NOT NULL CHECK (kind IN ('complaint', 'opt_out')),
    doubt TEXT NOT NULL CHECK (doubt IN ('unsigned', 'no_key', 'broken', 'no_dns')),
    domain TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, subscriber_id)
);
CREATE INDEX unverified_report_of_person ON unverified_report (subscriber_id);
