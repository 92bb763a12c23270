ALTER TABLE opt_in DROP COLUMN informed_at;
