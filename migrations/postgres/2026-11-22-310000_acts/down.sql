ALTER TABLE topic DROP COLUMN example_url;
ALTER TABLE topic DROP COLUMN frequency_note;
DROP TABLE unsubscribe_reason;
DROP TABLE act;
