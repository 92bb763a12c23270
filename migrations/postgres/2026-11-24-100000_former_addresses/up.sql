-- An address that a person has left for another, as a keyed hash, with from when until when it was theirs: no old file
-- brings it back, and what is said later about letters that went there does not meet the new one.
CREATE TABLE former_address (
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    address_hash BYTEA NOT NULL,
    since BIGINT NOT NULL,
    left_at BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, address_hash)
);
CREATE INDEX former_address_by_hash ON former_address (address_hash);

-- Where the link of a wish was mailed to, as a keyed hash, for a day: an inbox gets one such mail a day, whatever becomes
-- of the wish meanwhile.
ALTER TABLE address_change ADD COLUMN mailed_hash BYTEA;
DROP INDEX address_change_to;
CREATE INDEX address_change_mailed_to ON address_change (mailed_hash) WHERE mailed_hash IS NOT NULL;
DROP INDEX address_change_to_forget;
CREATE INDEX address_change_to_forget ON address_change (expires_at)
    WHERE new_email IS NOT NULL OR old_email IS NOT NULL OR mailed_hash IS NOT NULL;
