-- Named sign-up forms: what a form of a brand offers and asks for besides the brand's own form, and which sites may show it
-- inside of theirs.

-- JSON: `topics` as [{"topic":"newsletter","channels":["email"]}], `fields` as
-- [{"field":"first_name","required":false,"purpose":"To greet you."}], `origins` as ["https://www.example.org"].
CREATE TABLE sign_up_form (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    slug TEXT NOT NULL,
    heading TEXT NOT NULL,
    intro TEXT NOT NULL,
    topics TEXT NOT NULL,
    fields TEXT NOT NULL,
    origins TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    UNIQUE (brand_id, slug)
);
