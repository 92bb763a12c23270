-- When a person last let the campaign go on: what is said of letters from before that is no news.
ALTER TABLE campaign ADD COLUMN resumed_at BIGINT;

-- Letters that receiving servers refused for policy; of these, `standings` are those that speak of the sender's
-- authentication or standing, as they would to every letter. `seen_` as for the other counters. Letters refused for
-- policy at once are among those `refused`, too.
ALTER TABLE outcome_tally ADD COLUMN policies BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outcome_tally ADD COLUMN standings BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outcome_tally ADD COLUMN seen_policies BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outcome_tally ADD COLUMN seen_standings BIGINT NOT NULL DEFAULT 0;
