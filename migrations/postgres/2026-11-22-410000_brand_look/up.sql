-- A brand's colour for links and buttons, on light and on dark pages, as #rrggbb; ours where there is none.
ALTER TABLE brand ADD COLUMN accent TEXT;
ALTER TABLE brand ADD COLUMN accent_dark TEXT;
-- The language in which the brand writes, a tag of BCP 47; pages and service mails speak it where nothing else is known.
ALTER TABLE brand ADD COLUMN language TEXT;
