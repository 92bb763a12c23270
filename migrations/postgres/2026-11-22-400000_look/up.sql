-- The language of the screen on which somebody decided, a tag of BCP 47; none where nobody said.
ALTER TABLE evidence ADD COLUMN language TEXT;
