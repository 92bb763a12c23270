-- Hosts at which a brand is alone. A host is in lower case, without a port.
CREATE TABLE brand_host (
    host TEXT NOT NULL PRIMARY KEY,
    brand_id BIGINT NOT NULL REFERENCES brand (id)
) WITHOUT ROWID;
CREATE INDEX brand_host_of_brand ON brand_host (brand_id);
