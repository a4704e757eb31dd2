-- Who gave a consent in the customer's place, for which organisation, and whether the customer took it back.
ALTER TABLE vicarious_consents ADD COLUMN granted_by TEXT;
ALTER TABLE vicarious_consents ADD COLUMN granted_by_name TEXT;
ALTER TABLE vicarious_consents ADD COLUMN granted_by_email TEXT;
ALTER TABLE vicarious_consents ADD COLUMN organisation TEXT;
ALTER TABLE vicarious_consents ADD COLUMN declined INTEGER NOT NULL DEFAULT 0;
CREATE INDEX vicarious_consents_granted_by ON vicarious_consents (granted_by, n) WHERE granted_by IS NOT NULL;
