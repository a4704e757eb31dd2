-- The keyed digest of a support code, and the page that help is wanted with.
ALTER TABLE vicarious_consents ADD COLUMN code BLOB;
ALTER TABLE vicarious_consents ADD COLUMN page TEXT;
CREATE UNIQUE INDEX vicarious_consents_code ON vicarious_consents (code) WHERE code IS NOT NULL;
