-- Against the use of sign-up forms to flood others with mail.

-- The challenges that were solved and spent, until nobody could spend them any more.
CREATE TABLE spent_challenge (
    number BIGINT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_challenge_until ON spent_challenge (expires_at);

-- Until when a brand's confirmation mails of one kind are spoken for: `unproven`, or `domain:` with the keyed hash of a
-- receiving domain. What is in the past is free.
CREATE TABLE mail_lane (
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    lane TEXT NOT NULL,
    taken_until BIGINT NOT NULL,
    PRIMARY KEY (brand_id, lane)
);
CREATE INDEX mail_lane_until ON mail_lane (taken_until);
