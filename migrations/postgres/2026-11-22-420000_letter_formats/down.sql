ALTER TABLE campaign DROP COLUMN source;
ALTER TABLE campaign DROP COLUMN template;
ALTER TABLE campaign DROP COLUMN format;
