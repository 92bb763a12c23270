-- Privacy notices that brands keep here, each in the languages it was written in. Never changed and never deleted, because
-- evidence of consent names its version.
CREATE TABLE notice (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    version TEXT NOT NULL,
    language TEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    markdown TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (brand_id, version, language)
);
CREATE TRIGGER notice_is_never_changed BEFORE UPDATE ON notice
BEGIN SELECT RAISE(ABORT, 'a notice is never changed'); END;
CREATE TRIGGER notice_is_never_deleted BEFORE DELETE ON notice
BEGIN SELECT RAISE(ABORT, 'a notice is never changed'); END;
