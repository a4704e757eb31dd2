-- Whether a customer administers their organisation, and may agree to support access for its people: 0 or 1.
ALTER TABLE accounts ADD COLUMN manages BIGINT NOT NULL DEFAULT 0;
