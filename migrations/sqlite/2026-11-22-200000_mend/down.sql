ALTER TABLE outcome_tally DROP COLUMN seen_standings;
ALTER TABLE outcome_tally DROP COLUMN seen_policies;
ALTER TABLE outcome_tally DROP COLUMN standings;
ALTER TABLE outcome_tally DROP COLUMN policies;
ALTER TABLE campaign DROP COLUMN resumed_at;
