DROP INDEX address_change_to_forget;
DROP INDEX address_change_mailed_to;
ALTER TABLE address_change DROP COLUMN mailed_hash;
CREATE INDEX address_change_to ON address_change (new_email) WHERE new_email IS NOT NULL;
CREATE INDEX address_change_to_forget ON address_change (expires_at) WHERE new_email IS NOT NULL OR old_email IS NOT NULL;
DROP TABLE former_address;
