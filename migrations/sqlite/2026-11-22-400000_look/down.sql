ALTER TABLE evidence DROP COLUMN language;
