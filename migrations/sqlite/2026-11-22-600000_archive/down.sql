DROP INDEX campaign_of_brand;
ALTER TABLE campaign DROP COLUMN language;
ALTER TABLE campaign DROP COLUMN archive;
