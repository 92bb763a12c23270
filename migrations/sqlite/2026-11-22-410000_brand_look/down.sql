ALTER TABLE brand DROP COLUMN language;
ALTER TABLE brand DROP COLUMN accent_dark;
ALTER TABLE brand DROP COLUMN accent;
