-- What the receipt of an act names, as it was called then, as JSON; none for acts from before it was kept.
ALTER TABLE act ADD COLUMN named TEXT;
