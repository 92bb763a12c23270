-- Whether its author wants a campaign in the public archive of the brand.
ALTER TABLE campaign ADD COLUMN archive BOOLEAN NOT NULL DEFAULT FALSE;
-- The language in which a campaign is written, a tag of BCP 47; the brand's where there is none.
ALTER TABLE campaign ADD COLUMN language TEXT;
CREATE INDEX campaign_of_brand ON campaign (brand_id, finished_at);
