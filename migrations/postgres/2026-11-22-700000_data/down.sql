ALTER TABLE outbox DROP COLUMN address_change_id;
DELETE FROM outbox WHERE kind NOT IN ('confirmation', 'preferences_link', 'data_link');
ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('confirmation', 'preferences_link', 'data_link'));
DROP TABLE address_change;
