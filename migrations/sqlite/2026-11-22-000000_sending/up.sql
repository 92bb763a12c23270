-- Sending at full strength: where a brand's mail comes in and by which relays it goes out, the keys that sign it, the
-- pace of everything, and what comes back.

-- The domain at which this server receives mail for the brand (bounces, unsubscribes); none if it receives none.
ALTER TABLE brand ADD COLUMN incoming_domain TEXT;
-- The one relay that carries the brand's marketing mail; all of them by their weights if none.
ALTER TABLE brand ADD COLUMN relay TEXT;

-- Private keys, sealed with a key derived from the server's secret.
CREATE TABLE dkim_key (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    domain TEXT NOT NULL,
    selector TEXT NOT NULL,
    algorithm TEXT NOT NULL CHECK (algorithm IN ('rsa-sha256', 'ed25519-sha256')),
    sealed BLOB NOT NULL,
    public_key BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'signing', 'retired')),
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    UNIQUE (domain, selector)
);

-- At most `messages` in each `period`, spread evenly. The name is that of a relay or a domain ('*' for every other
-- one), a campaign's public id, or empty for the whole server.
CREATE TABLE pace (
    scope TEXT NOT NULL CHECK (scope IN ('server', 'relay', 'domain', 'campaign')),
    name TEXT NOT NULL,
    messages BIGINT NOT NULL CHECK (messages > 0),
    period TEXT NOT NULL CHECK (period IN ('second', 'minute', 'hour', 'day')),
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (scope, name)
) WITHOUT ROWID;

-- What came back after the relay had taken a letter, or what the relay said at once: a class and a status code.
ALTER TABLE delivery ADD COLUMN bounce TEXT CHECK (bounce IN ('bad_address', 'soft', 'policy', 'other'));
ALTER TABLE delivery ADD COLUMN bounce_status TEXT;
ALTER TABLE delivery ADD COLUMN bounced_at BIGINT;
ALTER TABLE delivery ADD COLUMN complained_at BIGINT;

-- Counters for the breaker: kept in the transaction of what they count, so that nobody has to count rows. Of the bad
-- addresses, `refused` were refused by the relay at once and so are not among those sent. `seen_` is what the counters
-- were when a person last let the campaign go on.
CREATE TABLE outcome_tally (
    campaign_id BIGINT NOT NULL PRIMARY KEY REFERENCES campaign (id),
    sent BIGINT NOT NULL,
    bad_addresses BIGINT NOT NULL,
    complaints BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    seen_bad_addresses BIGINT NOT NULL,
    seen_complaints BIGINT NOT NULL
) WITHOUT ROWID;
