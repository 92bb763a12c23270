-- The whole of the main job. Moments are microseconds since 1970 UTC; enumerations are words with a CHECK;
-- row numbers stay inside, public_id (a UUID of 16 octets) is what leaves the house.

CREATE TABLE organisation (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    key_fingerprint BLOB NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_key (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    key_hash BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE brand (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    legal_name TEXT NOT NULL,
    registered_address TEXT NOT NULL,
    contact_email TEXT NOT NULL,
    marketing_from TEXT NOT NULL,
    service_from TEXT NOT NULL,
    reply_to TEXT,
    base_url TEXT NOT NULL,
    policy_url TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    consent_wording TEXT NOT NULL,
    refresh_consents_before BIGINT,
    anonymous_tracking BOOLEAN NOT NULL CHECK (anonymous_tracking IN (0, 1)),
    changed_at BIGINT NOT NULL
);

CREATE TABLE logo (
    brand_id BIGINT NOT NULL PRIMARY KEY REFERENCES brand (id),
    png BLOB NOT NULL
);

CREATE TABLE topic (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    slug TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('communication', 'subject')),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    sensitive BOOLEAN NOT NULL CHECK (sensitive IN (0, 1)),
    offers_email BOOLEAN NOT NULL CHECK (offers_email IN (0, 1)),
    offers_phone BOOLEAN NOT NULL CHECK (offers_phone IN (0, 1)),
    offers_post BOOLEAN NOT NULL CHECK (offers_post IN (0, 1)),
    position INTEGER NOT NULL,
    UNIQUE (brand_id, slug)
);

CREATE TABLE source (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('form', 'import', 'api', 'supplier')),
    policy_url TEXT,
    licence_from BIGINT,
    licence_until BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE subscriber (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    email TEXT UNIQUE,
    email_hash BLOB,
    phone TEXT,
    postal_address TEXT,
    first_name TEXT,
    last_name TEXT,
    company TEXT,
    country TEXT,
    locale TEXT,
    attributes TEXT NOT NULL,
    source_id BIGINT NOT NULL REFERENCES source (id),
    created_at BIGINT NOT NULL,
    informed_at BIGINT,
    restricted_at BIGINT,
    erased_at BIGINT
);

-- What a person was shown when they decided; one row for all who saw the same.
CREATE TABLE evidence (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    form TEXT NOT NULL,
    wording TEXT NOT NULL,
    wording_sha256 BLOB NOT NULL,
    shown TEXT NOT NULL,
    policy_version TEXT NOT NULL
);

-- Append-only. An entry without topic and permission is about the whole brand on its channel.
CREATE TABLE ledger (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    evidence_id BIGINT NOT NULL REFERENCES evidence (id),
    topic_id BIGINT REFERENCES topic (id),
    channel TEXT CHECK (channel IN ('email', 'phone', 'post')),
    permission TEXT CHECK (permission IN ('opens', 'clicks', 'profiling')),
    decision TEXT NOT NULL CHECK (decision IN ('requested', 'granted', 'refused', 'withdrawn')),
    basis TEXT CHECK (basis IN ('consent', 'soft_opt_in')),
    method TEXT NOT NULL,
    actor TEXT NOT NULL,
    campaign_id BIGINT,
    at BIGINT NOT NULL
);
CREATE INDEX ledger_of_subscriber ON ledger (subscriber_id, id);
CREATE INDEX ledger_of_campaign ON ledger (campaign_id) WHERE campaign_id IS NOT NULL;
CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_is_never_shortened BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- Without a source it is the person's own act; else obtained_at is when it came in from there.
CREATE TABLE opt_in (
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    topic_id BIGINT NOT NULL REFERENCES topic (id),
    channel TEXT NOT NULL CHECK (channel IN ('email', 'phone', 'post')),
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    state TEXT NOT NULL CHECK (state IN ('pending', 'granted', 'withdrawn')),
    basis TEXT NOT NULL CHECK (basis IN ('consent', 'soft_opt_in')),
    changed_at BIGINT NOT NULL,
    expires_at BIGINT,
    ledger_id BIGINT NOT NULL REFERENCES ledger (id),
    source_id BIGINT REFERENCES source (id),
    obtained_at BIGINT,
    PRIMARY KEY (subscriber_id, topic_id, channel)
) WITHOUT ROWID;

CREATE TABLE permission (
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    kind TEXT NOT NULL CHECK (kind IN ('opens', 'clicks', 'profiling')),
    state TEXT NOT NULL CHECK (state IN ('granted', 'refused')),
    changed_at BIGINT NOT NULL,
    ledger_id BIGINT NOT NULL REFERENCES ledger (id),
    PRIMARY KEY (subscriber_id, brand_id, kind)
) WITHOUT ROWID;

-- Keyed hashes of addresses, so that it survives erasure. Without a brand it holds for all of them.
CREATE TABLE suppression (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    address_hash BLOB NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email', 'phone', 'post')),
    brand_id BIGINT REFERENCES brand (id),
    reason TEXT NOT NULL CHECK (reason IN ('objection', 'complaint', 'hard_bounce', 'erasure', 'under_13')),
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX suppression_once ON suppression (address_hash, channel, reason, COALESCE(brand_id, 0));

-- The brands that a person opted in to by their own act after a suppression for all brands.
CREATE TABLE suppression_exception (
    suppression_id BIGINT NOT NULL REFERENCES suppression (id),
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (suppression_id, brand_id)
) WITHOUT ROWID;

-- The profile is what somebody typed about the person; it waits here as JSON for the press of the button.
CREATE TABLE confirmation (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    evidence_id BIGINT NOT NULL REFERENCES evidence (id),
    wants_opens BOOLEAN NOT NULL CHECK (wants_opens IN (0, 1)),
    wants_clicks BOOLEAN NOT NULL CHECK (wants_clicks IN (0, 1)),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    profile TEXT
);
CREATE INDEX confirmation_of_subscriber ON confirmation (subscriber_id, brand_id);
CREATE INDEX confirmation_with_profile ON confirmation (expires_at) WHERE profile IS NOT NULL;

-- What came in by a public form and waits to be worked on, so that the answer never depends on who is known.
CREATE TABLE request (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    content TEXT NOT NULL,
    received_at BIGINT NOT NULL
);

CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    kind TEXT NOT NULL CHECK (kind IN ('confirmation', 'preferences_link', 'data_link')),
    confirmation_id BIGINT REFERENCES confirmation (id),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'claimed', 'sent', 'failed', 'uncertain')),
    attempts INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'waiting';
CREATE INDEX outbox_claimed ON outbox (due_at) WHERE state = 'claimed';
CREATE INDEX outbox_of_subscriber ON outbox (subscriber_id, brand_id, kind, created_at);

CREATE TABLE campaign (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    brand_id BIGINT NOT NULL REFERENCES brand (id),
    name TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email', 'phone', 'post')),
    topic_id BIGINT NOT NULL REFERENCES topic (id),
    state TEXT NOT NULL CHECK (state IN ('draft', 'scheduled', 'planning', 'sending', 'paused', 'cancelled', 'sent')),
    pause_reason TEXT,
    subject TEXT NOT NULL,
    html TEXT NOT NULL,
    text TEXT,
    scheduled_at BIGINT,
    planned_at BIGINT,
    finished_at BIGINT,
    plan_cursor BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX campaign_active ON campaign (state) WHERE state IN ('scheduled', 'planning', 'sending');

CREATE TABLE campaign_subject (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    topic_id BIGINT NOT NULL REFERENCES topic (id),
    PRIMARY KEY (campaign_id, topic_id)
) WITHOUT ROWID;

CREATE TABLE link (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    position INTEGER NOT NULL,
    url TEXT NOT NULL,
    UNIQUE (campaign_id, position)
);

CREATE TABLE delivery (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    state TEXT NOT NULL CHECK (state IN ('planned', 'claimed', 'sent', 'skipped', 'failed', 'uncertain')),
    reason TEXT,
    attempts INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    claimed_by BIGINT,
    lease_until BIGINT,
    tracks_opens BOOLEAN NOT NULL CHECK (tracks_opens IN (0, 1)),
    tracks_clicks BOOLEAN NOT NULL CHECK (tracks_clicks IN (0, 1)),
    finished_at BIGINT,
    opened_at BIGINT,
    clicked_at BIGINT,
    PRIMARY KEY (campaign_id, subscriber_id)
) WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (campaign_id, due_at, subscriber_id) WHERE state = 'planned';
CREATE INDEX delivery_claimed ON delivery (lease_until) WHERE state = 'claimed';
CREATE INDEX delivery_of_subscriber ON delivery (subscriber_id);

CREATE TABLE hit (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    subscriber_id BIGINT NOT NULL REFERENCES subscriber (id),
    kind TEXT NOT NULL CHECK (kind IN ('opens', 'clicks')),
    link_id BIGINT REFERENCES link (id),
    at BIGINT NOT NULL
);
CREATE INDEX hit_of_subscriber ON hit (subscriber_id);

-- Counters per campaign: of the people who allowed it, and apart from them the brand's anonymous mode.
CREATE TABLE tally (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    kind TEXT NOT NULL CHECK (kind IN ('opens', 'clicks')),
    anonymous BOOLEAN NOT NULL CHECK (anonymous IN (0, 1)),
    hits BIGINT NOT NULL,
    people BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, kind, anonymous)
) WITHOUT ROWID;
