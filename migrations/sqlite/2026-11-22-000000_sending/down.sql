DROP TABLE outcome_tally;
ALTER TABLE delivery DROP COLUMN complained_at;
ALTER TABLE delivery DROP COLUMN bounced_at;
ALTER TABLE delivery DROP COLUMN bounce_status;
ALTER TABLE delivery DROP COLUMN bounce;
DROP TABLE pace;
DROP TABLE dkim_key;
ALTER TABLE brand DROP COLUMN relay;
ALTER TABLE brand DROP COLUMN incoming_domain;
